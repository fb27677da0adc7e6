-- A history of schema version 1, as it was written: newer versions have to read it for ever.
CREATE TABLE kernel (
  id INTEGER PRIMARY KEY,
  release TEXT NOT NULL,
  version TEXT NOT NULL,
  machine TEXT NOT NULL,
  UNIQUE (release, version, machine)
);
CREATE TABLE machine (
  id INTEGER PRIMARY KEY,
  machine_id TEXT NOT NULL,
  cpu_model TEXT NOT NULL,
  UNIQUE (machine_id, cpu_model)
);
-- unit: '' of a check; 'ns' or 'bytes' of a benchmark
CREATE TABLE case_name (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  unit TEXT NOT NULL,
  UNIQUE (name, unit)
);
CREATE TABLE plan (
  id INTEGER PRIMARY KEY,
  digest INTEGER NOT NULL
);
CREATE INDEX plan_digest ON plan (digest);
CREATE TABLE plan_case (
  plan_id INTEGER NOT NULL REFERENCES plan,
  case_id INTEGER NOT NULL REFERENCES case_name,
  PRIMARY KEY (plan_id, case_id)
) WITHOUT ROWID;
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  kernel_id INTEGER NOT NULL REFERENCES kernel,
  machine_id INTEGER NOT NULL REFERENCES machine,
  started TEXT NOT NULL,
  seed INTEGER NOT NULL,
  side TEXT NOT NULL,
  plan_id INTEGER NOT NULL REFERENCES plan,
  lockstep TEXT NOT NULL,
  host_name TEXT NOT NULL,
  engine TEXT NOT NULL,
  clock TEXT NOT NULL,
  workload_version INTEGER NOT NULL,
  version TEXT NOT NULL,
  build_type TEXT NOT NULL,
  suite TEXT NOT NULL,
  command TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  taint INTEGER NOT NULL,
  cpus INTEGER NOT NULL,
  seconds REAL,
  interrupted INTEGER NOT NULL,
  pass INTEGER NOT NULL,
  fail INTEGER NOT NULL,
  skip INTEGER NOT NULL,
  broken INTEGER NOT NULL,
  series INTEGER NOT NULL,
  series_failed INTEGER NOT NULL,
  series_skipped INTEGER NOT NULL,
  exit_code INTEGER NOT NULL,
  warnings TEXT NOT NULL,
  UNIQUE (kernel_id, machine_id, started, seed, side)
);
CREATE INDEX run_started ON run (started, id);
-- of checks that did not pass
CREATE TABLE verdict (
  run_id INTEGER NOT NULL REFERENCES run,
  case_id INTEGER NOT NULL REFERENCES case_name,
  verdict TEXT NOT NULL,
  reason TEXT,
  note TEXT NOT NULL,
  PRIMARY KEY (run_id, case_id)
) WITHOUT ROWID;
-- verdict is NULL where there is a result, else 'fail' or 'skip'
CREATE TABLE series (
  run_id INTEGER NOT NULL REFERENCES run,
  case_id INTEGER NOT NULL REFERENCES case_name,
  typical REAL,
  p25 REAL,
  p50 REAL,
  p90 REAL,
  p99 REAL,
  min REAL,
  calls INTEGER NOT NULL,
  calls_per_timing INTEGER NOT NULL,
  verdict TEXT,
  reason TEXT,
  note TEXT NOT NULL,
  PRIMARY KEY (run_id, case_id)
) WITHOUT ROWID;

INSERT INTO kernel VALUES (1, '6.1.0', '#1 SMP', 'x86_64');
INSERT INTO machine VALUES (1, 'b08dfa6083e7567a1921a715000001fb', 'a processor');
INSERT INTO case_name VALUES (1, 'uts/hostname:setns:root', ''), (2, 'pid/first_is_one:clone:root', ''), (3, 'create/uts:unshare:root', 'ns');
INSERT INTO plan VALUES (1, -17);
INSERT INTO plan_case VALUES (1, 1), (1, 2), (1, 3);
INSERT INTO run VALUES
  (1, 1, 1, '2026-01-15T09:00:00Z', 1, '', 1, '', 'host', 'bare', 'wall', 2, '0.1.0', 'release', 'quick', 'nsbench', 'boot-1', 0, 4, 12.5, 0, 1, 1, 0, 0, 1, 0, 0, 1, ''),
  (2, 1, 1, '2026-01-16T09:00:00Z', 2, '', 1, '', 'host', 'bare', 'wall', 2, '0.1.0', 'release', 'quick', 'nsbench', 'boot-2', 0, 4, 12.5, 0, 2, 0, 0, 0, 1, 0, 0, 0, 'load');
INSERT INTO verdict VALUES (1, 1, 'fail', NULL, 'the same name');
INSERT INTO series VALUES
  (1, 3, 1500.5, 1500.0, 1600.0, 1700.0, 1800.0, 1400.0, 2000, 1, NULL, NULL, ''),
  (2, 3, 1510.5, 1510.0, 1610.0, 1710.0, 1810.0, 1410.0, 2000, 1, NULL, NULL, '');
PRAGMA application_id = 1853055592;
PRAGMA user_version = 1;
