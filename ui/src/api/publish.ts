// Publishing: from a source to a build, and what its author does with it later.
import { ApiError, json, projectPath, queryString, request } from './client.ts';
import type { Build, List, Project, ProjectDetail } from './types.ts';

export type Size = 'small' | 'medium' | 'large';

export type Source =
  | { kind: 'script'; base: string; script: string }
  | { kind: 'dockerfile'; dockerfile?: string }
  | { kind: 'image'; reference: string; username?: string; password?: string; has_credentials?: boolean }
  | { kind: 'git'; url: string; ref?: string; folder?: string; base?: string; script?: string }
  | { kind: 'sandbox'; sandbox: string };

/** What was sent, without its secrets. */
export type SentSource = Source;

export interface About {
  summary: string;
  summary_ko: string;
  category: string;
  tags: string[];
  license: string;
  homepage: string;
  contact: string;
  readme: string;
  readme_ko: string;
  run: string;
  smoke: string;
  size: Size;
  network: boolean;
  ports: number[];
}

export type BuildKind = 'publish' | 'version' | 'rebuild';

export interface OwnBuild extends Build {
  kind?: BuildKind;
  version?: string | null;
  author?: string | null;
  log_bytes?: number;
  failed_line?: number | null;
  smoke?: { exit_code: number; output: string } | null;
  created_at?: string | null;
  /** What the queue waits for besides its turn. */
  waiting_for?: 'registry' | 'disk' | null;
}

export interface Published {
  project: Project;
  build: OwnBuild;
}

/** What a project's author reads and changes. */
export interface OwnWhole extends ProjectDetail {
  contact?: string | null;
  smoke?: string | null;
  size?: Size | null;
  rebuild_days?: number;
  readme_ko?: string | null;
}

export interface Version {
  label: string;
  image: string;
  size: number | null;
  created_at: string;
  verified_at: string | null;
  current: boolean;
  build: string | null;
}

export interface Base {
  reference: string;
  label: string;
}

export interface Quota {
  builds: { today: number; most: number };
  projects: { count: number; most: number };
  queue: { waiting: number; eta_seconds: number | null };
}

export interface Proposal {
  name?: string | null;
  summary?: string | null;
  readme?: string | null;
  license?: string | null;
  category?: string | null;
  run?: string | null;
  smoke?: string | null;
  source?: Source | null;
}

export interface Look {
  id: string;
  state: 'fetching' | 'ready' | 'failed';
  error: string | null;
  error_kind?: string | null;
  commit?: string | null;
  found?: string | null;
  proposal?: Proposal | null;
  files?: string[];
}

export interface DeletedProject extends Project {
  deleted_at: string;
  gone_at: string;
}

/** This site has no such call: it is older, or was built without it. */
export const isAbsent = (cause: unknown): boolean => cause instanceof ApiError && [404, 405, 501].includes(cause.status);

const project = (fullName: string): string => `/projects/${projectPath(fullName)}`;
const build = (id: string): string => `/builds/${encodeURIComponent(id)}`;
const version = (fullName: string, label: string): string => `${project(fullName)}/versions/${encodeURIComponent(label)}`;

/** As JSON, or in parts when files come along. */
function sent(body: object, context?: Blob | null, logo?: Blob | null): { method: string; body?: object; form?: FormData } {
  if (!context && !logo) return { method: 'POST', body };
  const form = new FormData();
  form.append('project', new Blob([JSON.stringify(body)], { type: 'application/json' }));
  if (context) form.append('context', context);
  if (logo) form.append('logo', logo);
  return { method: 'POST', form };
}

export const listBases = () => json<{ items: Base[] }>('/bases');
export const getQuota = () => json<Quota>('/quota');
export const previewSource = (source: Source, signal?: AbortSignal) =>
  json<{ dockerfile: string }>('/sources/preview', { method: 'POST', body: { source }, ...(signal ? { signal } : {}) });
export const lookAt = (url: string, ref: string) => json<{ id: string }>('/sources/git', { method: 'POST', body: { url, ...(ref ? { ref } : {}) } });
export const getLook = (id: string) => json<Look>(`/sources/${encodeURIComponent(id)}`);

export const publish = (form: object, context?: Blob | null, logo?: Blob | null) => json<Published>('/projects', sent(form, context, logo));
export const newVersion = (fullName: string, asked: { source?: Source; version?: string }, context?: Blob | null) =>
  json<Published>(`${project(fullName)}/versions`, sent(asked, context));
export const rebuild = (fullName: string) => json<Published>(`${project(fullName)}/rebuild`, { method: 'POST', body: {} });

export const getOwn = (fullName: string) => json<OwnWhole>(project(fullName));
export const changeOwn = (fullName: string, change: { [K in keyof About]?: About[K] | null } & { visibility?: 'listed' | 'unlisted'; rebuild_days?: number; embed_origins?: string[] }) =>
  json<OwnWhole>(project(fullName), { method: 'PATCH', body: change });
/** null: how it was made is not kept. */
export const getSource = async (fullName: string): Promise<SentSource | null> => (await json<{ source: SentSource | null }>(`${project(fullName)}/source`)).source;
export const setLogo = (fullName: string, picture: Blob) => json<OwnWhole>(`${project(fullName)}/logo`, { method: 'PUT', blob: picture });
export const removeLogo = (fullName: string) => request(`${project(fullName)}/logo`, { method: 'DELETE' });
export const deleteOwn = (fullName: string) => request(project(fullName), { method: 'DELETE' });
export const restoreOwn = (fullName: string) => json<OwnWhole>(`${project(fullName)}/restore`, { method: 'POST', body: {} });
export const transferOwn = (fullName: string, to: string) => json<Project>(`${project(fullName)}/transfer`, { method: 'POST', body: { to } });
export const deletedProjects = () => json<List<DeletedProject>>(`/users/me/projects${queryString({ deleted: 1, per_page: 50 })}`);

export const listVersions = (fullName: string) => json<{ items: Version[] }>(`${project(fullName)}/versions`);
export const makeCurrent = (fullName: string, label: string) => request(`${version(fullName, label)}/current`, { method: 'PUT' });
export const deleteVersion = (fullName: string, label: string) => request(version(fullName, label), { method: 'DELETE' });

export const listBuilds = (fullName: string, page: number) => json<List<OwnBuild>>(`${project(fullName)}/builds${queryString({ page, per_page: 10 })}`);
/** My newest builds, of all my projects. */
export const myBuilds = () => json<List<OwnBuild>>(`/builds${queryString({ per_page: 50 })}`);
export const getOwnBuild = (id: string) => json<OwnBuild>(build(id));
export const cancelBuild = (id: string) => json<OwnBuild>(`${build(id)}/cancel`, { method: 'POST', body: {} });
export const retryBuild = (id: string) => json<Published>(`${build(id)}/retry`, { method: 'POST', body: {} });
