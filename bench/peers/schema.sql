-- What a team would make for itself: columns for the fields that it knows, the rest as a document.
CREATE TABLE lead (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL UNIQUE,
    first_name text,
    last_name  text,
    company    text,
    attributes jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE activity (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lead_id bigint NOT NULL,
    type    text NOT NULL,
    at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX activity_by_lead ON activity (lead_id, id);
