// Calls for administrators.
import { json, projectPath, queryString, request } from './client.ts';
import type { Comment, Visibility } from './discovery.ts';
import type { Role } from './people.ts';
import type { OwnBuild } from './publish.ts';
import type { List, Project, Sandbox } from './types.ts';

export interface Overview {
  users: number;
  projects: { ready: number; building: number; failed: number };
  sandboxes: { running: number; queued: number; capacity: number };
  builds: { queued: number; running: number };
  reports_open: number;
  started_at: string;
  version: string;
  engine: 'up' | 'down';
  database: string;
  memory_bytes: number;
  /** null: none is configured. */
  registry?: { up: boolean; problem: string | null; disk: Disk | null } | null;
}

export interface Disk {
  free: number;
  total: number;
  low: boolean;
  /** Builds wait until there is room. */
  full?: boolean;
}

/** Somebody's build. */
export type AdminBuild = OwnBuild & { project: string; author?: string | null };

export interface GrowthDay {
  date: string;
  bytes: number;
}

export interface Registry {
  url: string;
  embedded: boolean;
  up: boolean;
  problem?: string | null;
  repositories: number;
  tags: number;
  bytes: number;
  disk: Disk | null;
  growth: GrowthDay[];
  pulls: number;
  pushes: number;
  gc: { running: boolean; last_at: string | null; freed_bytes: number; next_at: string | null };
}

export interface Repository {
  name: string;
  tags: { tag: string; size: number; created_at: string | null }[];
  bytes: number;
  project: string | null;
}

export type UserState = 'active' | 'suspended';

export interface AdminUser {
  username: string;
  display_name: string;
  email: string | null;
  role: Role;
  state: UserState;
  created_at: string;
  seen_at: string | null;
  projects: number;
  providers: string[];
}

export type AdminProject = Project & { visibility: Visibility; reports: number };
export type AdminComment = Comment & { project: string };
export type Reason = 'spam' | 'abuse' | 'illegal' | 'broken' | 'other';
export type ReportState = 'open' | 'closed';

export interface Report {
  id: string;
  kind: 'project' | 'comment';
  project: string | null;
  comment: Comment | null;
  reporter: string | null;
  reason: Reason;
  text: string | null;
  state: ReportState;
  note: string | null;
  created_at: string;
  closed_at: string | null;
}

export interface BannerWords {
  text: string;
  text_ko: string | null;
  link: string;
  starts_at: string | null;
  ends_at: string | null;
  weight: number;
  enabled: boolean;
}

export interface Banner extends BannerWords {
  id: string;
  views: number;
  clicks: number;
  image: { url: string; width: number; height: number } | null;
}

export type LiveSandbox = Sandbox & { person: string; usage: { memory: number; cpu: number } | null };

export interface AuditEntry {
  at: string;
  actor: string;
  address: string;
  action: string;
  target: string;
  detail: string | null;
}

/** What a list is asked for: words, a filter or two, and the page. */
export interface Asked {
  page: number;
  q?: string;
  state?: string;
  visibility?: string;
  hidden?: string;
  actor?: string;
  action?: string;
}

const list = <T>(what: string) => (asked: Asked): Promise<List<T>> => json(`/admin/${what}${queryString(asked)}`);
const one = (what: string, id: string): string => `/admin/${what}/${encodeURIComponent(id)}`;

export const getOverview = () => json<Overview>('/admin/overview');
export const listUsers = list<AdminUser>('users');
export const changeUser = (username: string, change: { state?: UserState; role?: Role }) => request(one('users', username), { method: 'PATCH', body: change });
export const listAdminProjects = list<AdminProject>('projects');
export const changeVisibility = (fullName: string, visibility: Visibility) =>
  request(`/admin/projects/${projectPath(fullName)}`, { method: 'PATCH', body: { visibility } });
export const deleteProject = (fullName: string) => request(`/admin/projects/${projectPath(fullName)}`, { method: 'DELETE' });
export const listAdminComments = list<AdminComment>('comments');
export const setCommentHidden = (id: string, hidden: boolean) => request(`/comments/${encodeURIComponent(id)}/hidden`, { method: hidden ? 'PUT' : 'DELETE' });
export const deleteComment = (id: string) => request(`/comments/${encodeURIComponent(id)}`, { method: 'DELETE' });
export const listReports = list<Report>('reports');
export const changeReport = (id: string, change: { state: ReportState; note?: string }) => request(one('reports', id), { method: 'PATCH', body: change });
export const listLive = list<LiveSandbox>('sandboxes');
export const stopSandbox = (id: string) => request(one('sandboxes', id), { method: 'DELETE' });
export const listAdminBuilds = list<AdminBuild>('builds');
export const getRegistry = () => json<Registry>('/admin/registry');
export const listRepositories = list<Repository>('registry/repositories');
export const collectGarbage = () => json<Registry>('/admin/registry/gc', { method: 'POST', body: {} });
export const listAudit = list<AuditEntry>('audit');

export const listBanners = list<Banner>('banners');
export const addBanner = (words: BannerWords) => json<Banner>('/admin/banners', { method: 'POST', body: words });
export const changeBanner = (id: string, change: Partial<BannerWords>) => json<Banner>(one('banners', id), { method: 'PATCH', body: change });
export const deleteBanner = (id: string) => request(one('banners', id), { method: 'DELETE' });
export const setBannerImage = (id: string, picture: Blob) => request(`${one('banners', id)}/image`, { method: 'PUT', blob: picture });
export const removeBannerImage = (id: string) => request(`${one('banners', id)}/image`, { method: 'DELETE' });
export const getBanner = (id: string) => json<Banner>(one('banners', id));
