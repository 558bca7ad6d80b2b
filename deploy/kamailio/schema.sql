-- The database of one Kamailio that serves Parkade's lamps. Give it to sqlite3 before every start; it changes nothing that is there.
--
--   sqlite3 /var/lib/parkade-lamps/lamps.sqlite < schema.sql
--
-- What operators write: domain, subscriber, network. What Kamailio writes: lamp, active_watchers.
-- The tables whose version stands in `version` are those that Kamailio 5.6's own modules expect, as they expect them.

PRAGMA journal_mode = WAL;

CREATE TABLE IF NOT EXISTS version (
    id INTEGER PRIMARY KEY NOT NULL,
    table_name VARCHAR(32) NOT NULL UNIQUE,
    table_version INTEGER DEFAULT 0 NOT NULL
);
INSERT OR IGNORE INTO version (table_name, table_version) VALUES
    ('version', 1), ('presentity', 5), ('active_watchers', 12), ('watchers', 3), ('subscriber', 7);

-- Which tenant a SIP domain belongs to; in lower case. A tenant may have several. What is not here is not served.
CREATE TABLE IF NOT EXISTS domain (
    domain VARCHAR(255) PRIMARY KEY NOT NULL CHECK (domain = lower(domain)),
    tenant VARCHAR(255) NOT NULL
);
CREATE INDEX IF NOT EXISTS domain_tenant ON domain (tenant);

-- Who may subscribe, by digest: ha1 is md5("username:domain:password"). A name of one domain opens no other.
CREATE TABLE IF NOT EXISTS subscriber (
    id INTEGER PRIMARY KEY NOT NULL,
    username VARCHAR(64) NOT NULL,
    domain VARCHAR(255) NOT NULL,
    password VARCHAR(64) DEFAULT '' NOT NULL,
    ha1 VARCHAR(128) NOT NULL,
    ha1b VARCHAR(128) DEFAULT '' NOT NULL,
    UNIQUE (username, domain)
);

-- Networks (203.0.113.0/24, 2001:db8::/32) of proxies that have authenticated their phones: what comes from there is believed.
CREATE TABLE IF NOT EXISTS network (
    network VARCHAR(64) PRIMARY KEY NOT NULL CHECK (network LIKE '%/%')
);

-- The lamp of each slot: the message with the highest revision.
CREATE TABLE IF NOT EXISTS lamp (
    tenant VARCHAR(255) NOT NULL,
    slot VARCHAR(1024) NOT NULL,
    revision BIGINT NOT NULL,
    -- The presence id as the user of a SIP URI, and the one domain it is bound to, or ''.
    user VARCHAR(255) NOT NULL,
    host VARCHAR(255) NOT NULL,
    lit INTEGER NOT NULL,
    -- RFC 4235, in the name of `tenant_host`; the domain takes its place for whoever subscribes there.
    document TEXT NOT NULL,
    tenant_host VARCHAR(255) NOT NULL,
    -- The replay that mentioned it last; what the next complete one does not mention goes.
    seen INTEGER NOT NULL,
    PRIMARY KEY (tenant, slot)
);
CREATE INDEX IF NOT EXISTS lamp_user ON lamp (user);
CREATE INDEX IF NOT EXISTS lamp_seen ON lamp (seen);

-- What the presence module reads, for every domain of the tenant. Several slots may light one id: the dark ones are left
-- out while one of them lights it.
DROP VIEW IF EXISTS presentity;
CREATE VIEW presentity AS
SELECT
    lamp.rowid AS id,
    lamp.user AS username,
    domain.domain AS domain,
    'dialog' AS event,
    lamp.slot AS etag,
    2147483647 AS expires,
    lamp.rowid AS received_time,
    replace(
        replace(lamp.document, '@' || lamp.tenant_host || '<', '@' || domain.domain || '<'),
        '@' || lamp.tenant_host || '"', '@' || domain.domain || '"'
    ) AS body,
    '' AS sender,
    0 AS priority,
    NULL AS ruid
FROM lamp JOIN domain ON domain.tenant = lamp.tenant AND lamp.host IN ('', domain.domain)
WHERE lamp.lit OR NOT EXISTS (
    SELECT 1 FROM lamp AS other
    WHERE other.user = lamp.user AND other.tenant = lamp.tenant AND other.host IN ('', domain.domain) AND other.lit
);

-- The subscriptions, as they are: they outlive a restart.
CREATE TABLE IF NOT EXISTS active_watchers (
    id INTEGER PRIMARY KEY NOT NULL,
    presentity_uri VARCHAR(255) NOT NULL,
    watcher_username VARCHAR(64) NOT NULL,
    watcher_domain VARCHAR(64) NOT NULL,
    to_user VARCHAR(64) NOT NULL,
    to_domain VARCHAR(64) NOT NULL,
    event VARCHAR(64) DEFAULT 'presence' NOT NULL,
    event_id VARCHAR(64),
    to_tag VARCHAR(128) NOT NULL,
    from_tag VARCHAR(128) NOT NULL,
    callid VARCHAR(255) NOT NULL,
    local_cseq INTEGER NOT NULL,
    remote_cseq INTEGER NOT NULL,
    contact VARCHAR(255) NOT NULL,
    record_route VARCHAR(2048),
    expires INTEGER NOT NULL,
    status INTEGER DEFAULT 2 NOT NULL,
    reason VARCHAR(64),
    version INTEGER DEFAULT 0 NOT NULL,
    socket_info VARCHAR(64) NOT NULL,
    local_contact VARCHAR(255) NOT NULL,
    from_user VARCHAR(64) NOT NULL,
    from_domain VARCHAR(64) NOT NULL,
    updated INTEGER NOT NULL,
    updated_winfo INTEGER NOT NULL,
    flags INTEGER DEFAULT 0 NOT NULL,
    user_agent VARCHAR(255) DEFAULT '',
    UNIQUE (callid, to_tag, from_tag)
);
CREATE INDEX IF NOT EXISTS active_watchers_expires ON active_watchers (expires);
CREATE INDEX IF NOT EXISTS active_watchers_pres ON active_watchers (presentity_uri, event);

-- Not used, as whoever may subscribe may see; the module wants it.
CREATE TABLE IF NOT EXISTS watchers (
    id INTEGER PRIMARY KEY NOT NULL,
    presentity_uri VARCHAR(255) NOT NULL,
    watcher_username VARCHAR(64) NOT NULL,
    watcher_domain VARCHAR(64) NOT NULL,
    event VARCHAR(64) DEFAULT 'presence' NOT NULL,
    status INTEGER NOT NULL,
    reason VARCHAR(64),
    inserted_time INTEGER NOT NULL,
    UNIQUE (presentity_uri, watcher_username, watcher_domain, event)
);
