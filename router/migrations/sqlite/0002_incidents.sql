-- Incidents with their reports, corrections by inspectors, answers to questions, and what citizens say of how to reach them.

ALTER TABLE contacts ADD COLUMN spoken_name TEXT;
ALTER TABLE contacts ADD COLUMN callback TEXT;
ALTER TABLE contacts ADD COLUMN language TEXT;

ALTER TABLE tickets ADD COLUMN kind TEXT NOT NULL DEFAULT 'request';
ALTER TABLE tickets ADD COLUMN answered INTEGER NOT NULL DEFAULT 0;
CREATE INDEX tickets_unanswered ON tickets (received_at, ticket_id) WHERE kind = 'question' AND answered = 0;

CREATE TABLE incidents (
    incident_id TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    status TEXT NOT NULL,
    category TEXT NOT NULL,
    last_report_at INTEGER NOT NULL,
    tickets INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;
CREATE INDEX incidents_newest ON incidents (status, last_report_at, incident_id);

-- A ticket belongs to one incident at most.
CREATE TABLE incident_members (
    ticket_id TEXT PRIMARY KEY REFERENCES tickets (ticket_id),
    incident_id TEXT NOT NULL REFERENCES incidents (incident_id),
    joined_at INTEGER NOT NULL,
    why TEXT NOT NULL
) STRICT;
CREATE INDEX incident_members_by_incident ON incident_members (incident_id);

CREATE TABLE incident_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    incident_id TEXT NOT NULL REFERENCES incidents (incident_id),
    revision INTEGER NOT NULL,
    at INTEGER NOT NULL,
    change TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT,
    undone_at INTEGER
) STRICT;
CREATE INDEX incident_changes_by_incident ON incident_changes (incident_id);

-- Tickets of which nobody has decided yet whether they belong to an incident.
CREATE TABLE incident_queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id TEXT NOT NULL UNIQUE REFERENCES tickets (ticket_id)
) STRICT;

-- One row: who may decide, until when, and how many times people have changed incidents by hand.
CREATE TABLE incident_book (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    holder TEXT NOT NULL,
    until INTEGER NOT NULL,
    epoch INTEGER NOT NULL
) STRICT;
INSERT INTO incident_book (one, holder, until, epoch) VALUES (1, '', 0, 0);

-- What people corrected, for the model to learn from once somebody has looked at it.
CREATE TABLE corrections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id TEXT NOT NULL REFERENCES tickets (ticket_id),
    revision INTEGER NOT NULL,
    at INTEGER NOT NULL,
    login TEXT NOT NULL,
    category_from TEXT NOT NULL,
    category_to TEXT NOT NULL,
    guess TEXT,
    model TEXT,
    reason TEXT,
    state TEXT NOT NULL,
    reviewed_by TEXT,
    reviewed_at INTEGER,
    UNIQUE (ticket_id, revision)
) STRICT;
CREATE INDEX corrections_by_state ON corrections (state, id);
