-- The roles and databases of docker-compose.yml, for psql as PostgreSQL's administrator. Harmless when repeated.
-- What the administrator owned, as of a release that had one role for everything, is handed over.
--
-- mainspring_migrator  owns the service's database, and alone changes its schema
-- mainspring_service   reads and writes rows of it, and nothing else
-- temporal             owns Temporal's two databases

\getenv migrator POSTGRES_MIGRATOR_PASSWORD
\getenv service POSTGRES_SERVICE_PASSWORD
\getenv temporal POSTGRES_TEMPORAL_PASSWORD

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['mainspring_migrator', 'mainspring_service', 'temporal']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE mainspring_migrator LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'migrator';
ALTER ROLE mainspring_service LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'service';
ALTER ROLE temporal LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'temporal';

SELECT format('CREATE DATABASE %I', name)
FROM unnest(ARRAY['temporal', 'temporal_visibility']) AS name
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec

ALTER DATABASE mainspring OWNER TO mainspring_migrator;
ALTER DATABASE temporal OWNER TO temporal;
ALTER DATABASE temporal_visibility OWNER TO temporal;
REVOKE ALL ON DATABASE postgres, mainspring, temporal, temporal_visibility FROM PUBLIC;
GRANT CONNECT ON DATABASE mainspring TO mainspring_service;

-- Sequences of columns follow their tables, and extensions stay the administrator's.
\set hand_over 'SELECT format(''ALTER TABLE %s OWNER TO %I'', each.oid::regclass, :''owner'') FROM pg_class AS each WHERE each.relnamespace = ''public''::regnamespace AND each.relkind IN (''r'', ''p'', ''v'', ''m'') AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = each.oid AND deptype = ''e'') AND pg_get_userbyid(each.relowner) <> :''owner'''

\connect temporal
\set owner temporal
ALTER SCHEMA public OWNER TO temporal;
:hand_over \gexec

\connect temporal_visibility
ALTER SCHEMA public OWNER TO temporal;
:hand_over \gexec

\connect mainspring
\set owner mainspring_migrator
ALTER SCHEMA public OWNER TO mainspring_migrator;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
:hand_over \gexec

GRANT USAGE ON SCHEMA public TO mainspring_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO mainspring_service;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO mainspring_service;
ALTER DEFAULT PRIVILEGES FOR ROLE mainspring_migrator IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO mainspring_service;
ALTER DEFAULT PRIVILEGES FOR ROLE mainspring_migrator IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO mainspring_service;
