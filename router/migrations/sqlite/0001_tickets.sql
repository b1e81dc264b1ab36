-- Tickets, and what belongs to them. Times are microseconds of the Unix epoch, UTC; ids are UUIDs as text.

CREATE TABLE intakes (
    intake_id TEXT PRIMARY KEY,
    registration_number TEXT NOT NULL,
    call_id TEXT,
    opened_at INTEGER NOT NULL
) STRICT;

-- Personal data, apart from the tickets: who reads it is kept in contact_reads.
CREATE TABLE contacts (
    intake_id TEXT PRIMARY KEY REFERENCES intakes (intake_id),
    number TEXT,
    name TEXT
) STRICT;

CREATE TABLE tickets (
    ticket_id TEXT PRIMARY KEY,
    intake_id TEXT NOT NULL REFERENCES intakes (intake_id),
    ordinal INTEGER NOT NULL,
    registration_number TEXT NOT NULL,
    external_id TEXT,
    revision INTEGER NOT NULL,
    status TEXT NOT NULL,
    category TEXT NOT NULL,
    unit TEXT,
    agency TEXT NOT NULL,
    priority INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    last_word_at INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    legal_due_at INTEGER NOT NULL,
    -- The last report as done; the first one stands in the state.
    done_at INTEGER,
    confirmed_at INTEGER,
    reopened INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;
CREATE INDEX tickets_by_number ON tickets (registration_number, ordinal);
CREATE INDEX tickets_by_external_id ON tickets (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX tickets_by_intake ON tickets (intake_id);
CREATE INDEX tickets_newest ON tickets (received_at, ticket_id);
CREATE INDEX tickets_of_agency_newest ON tickets (agency, received_at, ticket_id);
CREATE INDEX tickets_urgent ON tickets (priority, due_at, ticket_id);
CREATE INDEX tickets_of_agency_urgent ON tickets (agency, priority, due_at, ticket_id);
CREATE INDEX tickets_changed ON tickets (changed_at);

CREATE TABLE ticket_changes (
    ticket_id TEXT NOT NULL REFERENCES tickets (ticket_id),
    revision INTEGER NOT NULL,
    at INTEGER NOT NULL,
    status TEXT NOT NULL,
    agency TEXT NOT NULL,
    change TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (ticket_id, revision)
) STRICT;

CREATE TABLE contact_reads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id TEXT NOT NULL REFERENCES tickets (ticket_id),
    login TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX contact_reads_by_ticket ON contact_reads (ticket_id);

-- What was committed and must still be told to others.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    payload BLOB NOT NULL,
    traceparent TEXT,
    created_at INTEGER NOT NULL,
    published_at INTEGER
) STRICT;
CREATE INDEX outbox_waiting ON outbox (id) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

-- One row: who may publish the outbox, and until when.
CREATE TABLE outbox_lease (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    holder TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    login TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    agency TEXT,
    password_hash TEXT NOT NULL,
    language TEXT,
    disabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token BLOB PRIMARY KEY,
    login TEXT NOT NULL REFERENCES accounts (login) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_login ON sessions (login);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Calls as they start and end, without anything that names the caller.
CREATE TABLE calls (
    call_id TEXT PRIMARY KEY,
    node INTEGER NOT NULL,
    invited_at INTEGER,
    answered_at INTEGER NOT NULL,
    codec TEXT,
    ended_at INTEGER,
    duration_ms INTEGER,
    cause TEXT,
    dtmf TEXT,
    language TEXT,
    packets INTEGER,
    lost INTEGER,
    dropped INTEGER,
    jitter_ms REAL,
    mos REAL,
    intake_id TEXT
) STRICT;
CREATE INDEX calls_by_answer ON calls (answered_at);
CREATE INDEX calls_on_the_line ON calls (answered_at) WHERE ended_at IS NULL;

-- What citizens should hear.
CREATE TABLE notifications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id TEXT NOT NULL REFERENCES tickets (ticket_id),
    revision INTEGER NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    language TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    detail TEXT,
    changed_at INTEGER NOT NULL,
    UNIQUE (ticket_id, revision, kind)
) STRICT;
CREATE INDEX notifications_waiting ON notifications (id) WHERE state = 'pending';
