-- Incidents with their reports, corrections by inspectors, answers to questions, and what citizens say of how to reach them.

ALTER TABLE contacts ADD COLUMN spoken_name TEXT;
ALTER TABLE contacts ADD COLUMN callback TEXT;
ALTER TABLE contacts ADD COLUMN language TEXT;

ALTER TABLE tickets ADD COLUMN kind TEXT NOT NULL DEFAULT 'request';
ALTER TABLE tickets ADD COLUMN answered BIGINT NOT NULL DEFAULT 0;
CREATE INDEX tickets_unanswered ON tickets (received_at, ticket_id) WHERE kind = 'question' AND answered = 0;

CREATE TABLE incidents (
    incident_id TEXT COLLATE "C" PRIMARY KEY,
    revision BIGINT NOT NULL,
    status TEXT NOT NULL,
    category TEXT COLLATE "C" NOT NULL,
    last_report_at BIGINT NOT NULL,
    tickets BIGINT NOT NULL,
    state JSONB NOT NULL
);
CREATE INDEX incidents_newest ON incidents (status, last_report_at, incident_id);

-- A ticket belongs to one incident at most.
CREATE TABLE incident_members (
    ticket_id TEXT COLLATE "C" PRIMARY KEY REFERENCES tickets (ticket_id),
    incident_id TEXT COLLATE "C" NOT NULL REFERENCES incidents (incident_id),
    joined_at BIGINT NOT NULL,
    why TEXT NOT NULL
);
CREATE INDEX incident_members_by_incident ON incident_members (incident_id);

CREATE TABLE incident_changes (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id TEXT COLLATE "C" NOT NULL REFERENCES incidents (incident_id),
    revision BIGINT NOT NULL,
    at BIGINT NOT NULL,
    change JSONB NOT NULL,
    actor JSONB NOT NULL,
    reason TEXT,
    undone_at BIGINT
);
CREATE INDEX incident_changes_by_incident ON incident_changes (incident_id);

-- Tickets of which nobody has decided yet whether they belong to an incident.
CREATE TABLE incident_queue (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES tickets (ticket_id)
);

-- One row: who may decide, until when, and how many times people have changed incidents by hand.
CREATE TABLE incident_book (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    holder TEXT NOT NULL,
    until BIGINT NOT NULL,
    epoch BIGINT NOT NULL
);
INSERT INTO incident_book (one, holder, until, epoch) VALUES (1, '', 0, 0);

-- What people corrected, for the model to learn from once somebody has looked at it.
CREATE TABLE corrections (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id TEXT COLLATE "C" NOT NULL REFERENCES tickets (ticket_id),
    revision BIGINT NOT NULL,
    at BIGINT NOT NULL,
    login TEXT COLLATE "C" NOT NULL,
    category_from TEXT COLLATE "C" NOT NULL,
    category_to TEXT COLLATE "C" NOT NULL,
    guess TEXT,
    model TEXT,
    reason TEXT,
    state TEXT NOT NULL,
    reviewed_by TEXT,
    reviewed_at BIGINT,
    UNIQUE (ticket_id, revision)
);
CREATE INDEX corrections_by_state ON corrections (state, id);
