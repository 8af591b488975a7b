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
  'admin',
] as const;

export type Scope = (typeof SCOPES)[number];

/** Who is calling. A session has every scope but `admin`, which only administrators' sessions have. */
export type Actor = {
  userId: string;
  scopes: ReadonlySet<Scope>;
  credential: {
    type: 'session' | 'api_key';
    id: string;
    /** A limit of the key's own. */
    requestsPerMinute?: number;
  };
};
