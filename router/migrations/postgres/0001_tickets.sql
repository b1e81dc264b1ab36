-- Tickets, and what belongs to them. Times are microseconds of the Unix epoch, UTC; ids are UUIDs as text.
-- Ids and codes compare by bytes, whatever the cluster's locale, as they do in SQLite.

CREATE TABLE intakes (
    intake_id TEXT COLLATE "C" PRIMARY KEY,
    registration_number TEXT NOT NULL,
    call_id TEXT,
    opened_at BIGINT NOT NULL
);

-- Personal data, apart from the tickets: who reads it is kept in contact_reads.
CREATE TABLE contacts (
    intake_id TEXT COLLATE "C" PRIMARY KEY REFERENCES intakes (intake_id),
    number TEXT,
    name TEXT
);

CREATE TABLE tickets (
    ticket_id TEXT COLLATE "C" PRIMARY KEY,
    intake_id TEXT COLLATE "C" NOT NULL REFERENCES intakes (intake_id),
    ordinal BIGINT NOT NULL,
    registration_number TEXT NOT NULL,
    external_id TEXT,
    revision BIGINT NOT NULL,
    status TEXT NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    unit TEXT,
    agency TEXT COLLATE "C" NOT NULL,
    priority BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    last_word_at BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    legal_due_at BIGINT NOT NULL,
    -- The last report as done; the first one stands in the state.
    done_at BIGINT,
    confirmed_at BIGINT,
    reopened BIGINT NOT NULL,
    state JSONB NOT NULL
);
CREATE INDEX tickets_by_number ON tickets (registration_number, ordinal);
CREATE INDEX tickets_by_external_id ON tickets (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX tickets_by_intake ON tickets (intake_id);
CREATE INDEX tickets_newest ON tickets (received_at, ticket_id);
CREATE INDEX tickets_of_agency_newest ON tickets (agency, received_at, ticket_id);
CREATE INDEX tickets_urgent ON tickets (priority, due_at, ticket_id);
CREATE INDEX tickets_of_agency_urgent ON tickets (agency, priority, due_at, ticket_id);
CREATE INDEX tickets_changed ON tickets (changed_at);

CREATE TABLE ticket_changes (
    ticket_id TEXT COLLATE "C" NOT NULL REFERENCES tickets (ticket_id),
    revision BIGINT NOT NULL,
    at BIGINT NOT NULL,
    status TEXT NOT NULL,
    agency TEXT COLLATE "C" NOT NULL,
    change JSONB NOT NULL,
    actor JSONB NOT NULL,
    reason TEXT,
    PRIMARY KEY (ticket_id, revision)
);

CREATE TABLE contact_reads (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id TEXT COLLATE "C" NOT NULL REFERENCES tickets (ticket_id),
    login TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX contact_reads_by_ticket ON contact_reads (ticket_id);

-- What was committed and must still be told to others.
CREATE TABLE outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    payload BYTEA NOT NULL,
    traceparent TEXT,
    created_at BIGINT NOT NULL,
    published_at BIGINT
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

-- One row: who may publish the outbox, and until when.
CREATE TABLE outbox_lease (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    holder TEXT NOT NULL,
    until BIGINT NOT NULL
);

CREATE TABLE accounts (
    login TEXT COLLATE "C" PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    agency TEXT COLLATE "C",
    password_hash TEXT NOT NULL,
    language TEXT,
    disabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    token BYTEA PRIMARY KEY,
    login TEXT COLLATE "C" NOT NULL REFERENCES accounts (login) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_login ON sessions (login);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Calls as they start and end, without anything that names the caller.
CREATE TABLE calls (
    call_id TEXT PRIMARY KEY,
    node BIGINT NOT NULL,
    invited_at BIGINT,
    answered_at BIGINT NOT NULL,
    codec TEXT,
    ended_at BIGINT,
    duration_ms BIGINT,
    cause TEXT,
    dtmf TEXT,
    language TEXT,
    packets BIGINT,
    lost BIGINT,
    dropped BIGINT,
    jitter_ms DOUBLE PRECISION,
    mos DOUBLE PRECISION,
    intake_id TEXT COLLATE "C"
);
CREATE INDEX calls_by_answer ON calls (answered_at);
CREATE INDEX calls_on_the_line ON calls (answered_at) WHERE ended_at IS NULL;

-- What citizens should hear.
CREATE TABLE notifications (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id TEXT COLLATE "C" NOT NULL REFERENCES tickets (ticket_id),
    revision BIGINT NOT NULL,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    language TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT,
    changed_at BIGINT NOT NULL,
    UNIQUE (ticket_id, revision, kind)
);
CREATE INDEX notifications_waiting ON notifications (id) WHERE state = 'pending';
