-- What people want from the web: pages, files and feeds. What was fetched of one is a document like any other.
CREATE TABLE resources (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  owner_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- Page, file or feed; null until that is known.
  type TEXT,
  status TEXT NOT NULL DEFAULT 'pending',
  -- Normalised, so that the same address is the same resource.
  url TEXT NOT NULL,
  host TEXT NOT NULL,
  title TEXT,
  -- Whether a person chose the title: then what is fetched does not replace it.
  title_is_given INTEGER NOT NULL DEFAULT 0 CHECK (title_is_given IN (0, 1)),
  -- How the document is filed once there is one; of a feed, those of its entries.
  collection_id TEXT REFERENCES collections (id) ON DELETE SET NULL,
  tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags)),
  -- How its document is read; null: as the rules propose.
  profile TEXT,
  -- The feed that named it.
  feed_id TEXT REFERENCES resources (id) ON DELETE SET NULL,
  document_id TEXT REFERENCES documents (id) ON DELETE SET NULL,
  -- Of a feed: whether what it names is fetched without being asked.
  auto_accept INTEGER NOT NULL DEFAULT 0 CHECK (auto_accept IN (0, 1)),
  -- Hours between two looks at whether it has changed; null: only when somebody asks.
  check_every_hours INTEGER CHECK (check_every_hours BETWEEN 1 AND 8760),
  -- What the page says about itself, and what the server says of it.
  facts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts)),
  published_at INTEGER,
  quality_score INTEGER CHECK (quality_score BETWEEN 0 AND 100),
  quality_reasons TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(quality_reasons)),
  -- By which the server tells whether it has changed.
  etag TEXT,
  last_modified TEXT,
  error_code TEXT,
  error_message TEXT,
  -- Looks in a row that have failed.
  failure_count INTEGER NOT NULL DEFAULT 0 CHECK (failure_count >= 0),
  fetch_count INTEGER NOT NULL DEFAULT 0 CHECK (fetch_count >= 0),
  open_count INTEGER NOT NULL DEFAULT 0 CHECK (open_count >= 0),
  -- Of a feed: entries that it has named, and those of them that were accepted.
  discovered_count INTEGER NOT NULL DEFAULT 0 CHECK (discovered_count >= 0),
  accepted_count INTEGER NOT NULL DEFAULT 0 CHECK (accepted_count >= 0),
  -- Whether a person wants it now; otherwise the site's robots.txt decides.
  is_asked_for INTEGER NOT NULL DEFAULT 1 CHECK (is_asked_for IN (0, 1)),
  -- When its turn at its host is or was: requests of one owner to one host keep a distance.
  slot_at INTEGER,
  -- Until when an attempt that is fetching it may take: so many at a host at once, and no more.
  busy_until INTEGER,
  fetched_at INTEGER,
  changed_at INTEGER,
  opened_at INTEGER,
  -- When the clock has it looked at again.
  due_at INTEGER,
  version INTEGER NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX resources_owner_url ON resources (owner_id, url);
CREATE INDEX resources_owner_created ON resources (owner_id, created_at, id);
CREATE INDEX resources_owner_updated ON resources (owner_id, updated_at, id);
CREATE INDEX resources_owner_published ON resources (owner_id, published_at, id);
CREATE INDEX resources_owner_quality ON resources (owner_id, quality_score, id);
CREATE INDEX resources_owner_status ON resources (owner_id, status, created_at, id);
CREATE INDEX resources_owner_host ON resources (owner_id, host, slot_at);
CREATE INDEX resources_busy ON resources (owner_id, host, busy_until) WHERE busy_until IS NOT NULL;
CREATE INDEX resources_collection ON resources (collection_id) WHERE collection_id IS NOT NULL;
CREATE INDEX resources_feed ON resources (feed_id, status) WHERE feed_id IS NOT NULL;
CREATE INDEX resources_document ON resources (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX resources_due ON resources (due_at) WHERE due_at IS NOT NULL;
