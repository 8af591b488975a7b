/** `resource:read` and `resource:write`, or `admin` for everything an administrator may do. */
export const SCOPES = [
  'account:read',
  'account:write',
  'documents:read',
  'documents:write',
  'collections:read',
  'collections:write',
  'tags:read',
  'tags:write',
  'jobs:read',
  'jobs:write',
  'search:read',
  'queries:read',
  'queries:write',
  'admin',
] as const;

export type Scope = (typeof SCOPES)[number];

/** What somebody has shown: a session's access token, an API key, a job of theirs that runs, or nothing. */
export type Credential =
  | { type: 'session'; id: string }
  | {
      type: 'api_key';
      id: string;
      /** A limit of the key's own. */
      requestsPerMinute?: number;
    }
  | { type: 'job'; id: string }
  | {
      type: 'anonymous';
      /** Where the call comes from, as `addressKey` names it; absent where the platform does not say. */
      address: string | undefined;
    };

type Of<T extends Credential['type']> = Extract<Credential, { type: T }>;

/** Who acts. A session has every scope but `admin`, which only administrators' sessions have. */
export type Actor = {
  userId: string;
  scopes: ReadonlySet<Scope>;
  credential: Of<'session' | 'api_key' | 'job'>;
  /** Limits of the user's own; 0 for any number. */
  limits?: { requestsPerMinute?: number; requestsPerHour?: number };
};

/** Whoever calls, known or not. */
export type Caller = Actor | { credential: Of<'anonymous'> };

const NO_SCOPES: ReadonlySet<Scope> = new Set();

/** A job acts for its owner, on what it was made for: it has no scope to do anything else by. */
export const jobActor = (job: { id: string; ownerId: string }): Actor => ({
  userId: job.ownerId,
  scopes: NO_SCOPES,
  credential: { type: 'job', id: job.id },
});
