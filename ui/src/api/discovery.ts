// Finding projects, and what people say about them.
import { BASE, json, projectPath, queryString, request } from './client.ts';
import type { OwnBuild } from './publish.ts';
import type { List, Project, ProjectDetail } from './types.ts';

export interface Suggestion {
  full_name: string;
  summary: string;
  i18n?: Project['i18n'];
  category: string;
  logo: string | null;
}

export interface Banner {
  id: string;
  text: string;
  i18n?: { ko?: { text?: string } };
  link: string;
  image: { url: string; width: number; height: number } | null;
}

export interface Likes {
  liked: boolean;
  likes: number;
}

export interface Comment {
  id: string;
  /** null: whoever wrote it has withdrawn. */
  author: { username: string; display_name: string } | null;
  body: string;
  body_html: string;
  created_at: string;
  edited_at: string | null;
  hidden: null | 'author' | 'admin';
  mine: boolean;
  can_hide: boolean;
  can_delete: boolean;
}

export const reportReasons = ['spam', 'abuse', 'illegal', 'broken', 'other'] as const;
export type ReportReason = (typeof reportReasons)[number];
export type Reported = { project: string } | { comment: string };

export type Visibility = 'listed' | 'unlisted' | 'hidden';
export type OwnProject = Project & { visibility?: Visibility; /** The newest, whoever started it. */ last_build?: OwnBuild | null };

export interface Day {
  /** As 2026-11-22, in UTC. */
  date: string;
  tries: number;
  visitors: number;
  minutes: number;
  likes: number;
}
export type Metric = Exclude<keyof Day, 'date'>;

export interface Statistics {
  from: string;
  to: string;
  days: Day[];
  totals: Record<Metric, number>;
}

const project = (fullName: string): string => `/projects/${projectPath(fullName)}`;
const comment = (id: string): string => `/comments/${encodeURIComponent(id)}`;

export const suggest = (q: string, signal: AbortSignal) => json<{ items: Suggestion[] }>(`/projects/suggest${queryString({ q })}`, { signal });

/** The banner of the moment; null when there is none. */
export async function getBanner(): Promise<Banner | null> {
  const response = await request('/banner');
  return response.status === 204 ? null : ((await response.json()) as Banner);
}
export const sawBanner = (id: string) => request(`/banner/${encodeURIComponent(id)}/view`, { method: 'POST', keepalive: true });
export const bannerHref = (id: string): string => `/banner/${encodeURIComponent(id)}/go`;

export const getLikes = (fullName: string) => json<Likes>(`${project(fullName)}/like`);
export const like = (fullName: string) => json<Likes>(`${project(fullName)}/like`, { method: 'PUT' });
export const unlike = (fullName: string, keepalive = false) => request(`${project(fullName)}/like`, { method: 'DELETE', keepalive });
export const myLikes = (page: number, perPage: number) => json<List<Project>>(`/users/me/likes${queryString({ page, per_page: perPage })}`);

export const listComments = (fullName: string, page: number, perPage: number) =>
  json<List<Comment>>(`${project(fullName)}/comments${queryString({ page, per_page: perPage })}`);
export const writeComment = (fullName: string, body: string) => json<Comment>(`${project(fullName)}/comments`, { method: 'POST', body: { body } });
export const editComment = (id: string, body: string) => json<Comment>(comment(id), { method: 'PATCH', body: { body } });
export const deleteComment = (id: string, keepalive: boolean) => request(comment(id), { method: 'DELETE', keepalive });
export const hideComment = (id: string, hidden: boolean) => json<Comment>(`${comment(id)}/hidden`, { method: hidden ? 'PUT' : 'DELETE' });

export const sendReport = (what: Reported, reason: ReportReason, text: string) =>
  request('/reports', { method: 'POST', body: { ...what, reason, ...(text ? { text } : {}) } });

export const forgetTry = (id: string, keepalive: boolean) => request(`/sandboxes/${encodeURIComponent(id)}/history`, { method: 'DELETE', keepalive });
export const forgetTries = () => request('/sandboxes?ended=1', { method: 'DELETE' });

export const myProjects = (page: number, perPage: number) => json<List<OwnProject>>(`/users/me/projects${queryString({ page, per_page: perPage })}`);
export const changeProject = (fullName: string, change: { embed_origins?: string[]; visibility?: 'listed' | 'unlisted' }) =>
  json<ProjectDetail>(project(fullName), { method: 'PATCH', body: change });
export const getStatistics = (fullName: string, days: number) => json<Statistics>(`${project(fullName)}/statistics${queryString({ days })}`);
export const statisticsCsvHref = (fullName: string, days: number): string => `${BASE}${project(fullName)}/statistics.csv${queryString({ days })}`;
