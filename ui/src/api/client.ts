// Talks to /api/v1. Every failure is an ApiError: with a status from the server, or 0 when nothing answered.
import type { Category, Build, List, Problem, Project, ProjectDetail, Sandbox, Session, TerminalRef, TryAnswer } from './types.ts';

export const BASE = '/api/v1';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
    /** Seconds that the server asks to wait, when it says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(problem?.detail ?? problem?.title ?? `status ${status}`);
  }
}

let skew = 0;

/** The server's clock in ms, as its last answer told it; a wrong clock here must not end the time early. */
export function serverNow(): number {
  return Date.now() + skew;
}

function learnClock(response: Response): void {
  const date = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(date)) return;
  const found = date - Date.now();
  skew = Math.abs(found) > 3000 ? found : 0;
}

/** Who wants to know that the server takes nobody for signed in. */
export const heard = { unauthenticated: (): void => undefined };

async function readProblem(response: Response): Promise<Problem | null> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? (body as Problem) : null;
  } catch {
    return null;
  }
}

export interface Asked {
  method?: string;
  body?: unknown;
  /** Sent as it is, instead of JSON. */
  blob?: Blob;
  /** Sent in parts; the browser names their type. */
  form?: FormData;
  signal?: AbortSignal;
  /** For calls that are sent while the page goes away. */
  keepalive?: boolean;
}

let guest: string | null = null;

/** Requests name this guest instead of sending a cookie: for the page in another site's frame. */
export function asGuest(token: string | null): void {
  guest = token;
}

/** How a WebSocket names the guest; none: by the cookie. */
export const guestProtocol = (): string | null => (guest === null ? null : `ttob.${guest}`);

export async function request(path: string, { method = 'GET', body, blob, form, signal, keepalive }: Asked = {}): Promise<Response> {
  let response: Response;
  const payload = form ?? blob ?? (body === undefined ? undefined : JSON.stringify(body));
  const type = blob ? blob.type || 'application/octet-stream' : 'application/json';
  try {
    response = await fetch(BASE + path, {
      method,
      credentials: guest === null ? 'same-origin' : 'omit',
      headers: {
        accept: 'application/json',
        ...(payload === undefined || form ? {} : { 'content-type': type }),
        ...(guest === null ? {} : { authorization: `Bearer ${guest}` }),
      },
      ...(payload === undefined ? {} : { body: payload }),
      ...(signal ? { signal } : {}),
      ...(keepalive ? { keepalive } : {}),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(0, null);
  }
  learnClock(response);
  if (response.ok) return response;
  if (response.status === 401) heard.unauthenticated();
  const wait = Number(response.headers.get('retry-after'));
  throw new ApiError(response.status, await readProblem(response), Number.isFinite(wait) && wait > 0 ? wait : null);
}

export async function json<T>(path: string, asked?: Asked): Promise<T> {
  const response = await request(path, asked);
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError(0, null);
  }
}

export interface ProjectQuery {
  q?: string;
  category?: string;
  tag?: string;
  owner?: string;
  sort?: string;
  page?: number;
  per_page?: number;
}

export function queryString(query: object): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = new URLSearchParams(entries.map(([key, value]) => [key, String(value)])).toString();
  return text ? `?${text}` : '';
}

/** "owner/name" as a path: each part escaped, the slash kept. */
export function projectPath(fullName: string): string {
  return fullName.split('/').map(encodeURIComponent).join('/');
}

export const listProjects = (query: ProjectQuery, signal?: AbortSignal) =>
  json<List<Project>>(`/projects${queryString(query)}`, signal ? { signal } : {});
export const getProject = (fullName: string) => json<ProjectDetail>(`/projects/${projectPath(fullName)}`);
export const listCategories = () => json<{ items: Category[] }>('/categories');
export const recommendations = (places: number) => json<{ items: Project[]; personal?: boolean }>(`/recommendations${queryString({ places })}`);
export const getSession = () => json<Session>('/session?optional=1');
export const listSandboxes = (page = 1) => json<List<Sandbox>>(`/sandboxes${queryString({ page, per_page: 20 })}`);
export const embedSession = (fullName: string) => json<{ token: string }>(`/embed/${projectPath(fullName)}/session`, { method: 'POST', body: {} });
export const getSandbox = (id: string) => json<Sandbox>(`/sandboxes/${encodeURIComponent(id)}`);
export const getBuild = (id: string) => json<Build>(`/builds/${encodeURIComponent(id)}`);
export const buildLogUrl = (id: string) => `${BASE}/builds/${encodeURIComponent(id)}/log`;
export const extendSandbox = (id: string) => json<Sandbox>(`/sandboxes/${encodeURIComponent(id)}/extend`, { method: 'POST' });
export const addTerminal = (id: string, size: { cols: number; rows: number }) =>
  json<TerminalRef>(`/sandboxes/${encodeURIComponent(id)}/terminals`, { method: 'POST', body: size });
export const endSandbox = (id: string) => request(`/sandboxes/${encodeURIComponent(id)}`, { method: 'DELETE' });

interface Waiting {
  state: string;
  id?: string;
  position?: number;
  eta_seconds?: number | null;
  build?: Build;
}

export interface TryRequest {
  project?: string;
  /** Instead of a project: a bare shell on this image. */
  base?: string;
  cols?: number;
  rows?: number;
  /** End a sandbox that runs already. */
  replace?: boolean;
}

/** Presses Try. A 409 comes as an ApiError whose problem names the sandbox that runs. */
export async function trySandbox({ replace = false, ...asked }: TryRequest): Promise<TryAnswer> {
  const response = await request(`/sandboxes${replace ? '?replace=1' : ''}`, { method: 'POST', body: asked });
  const body = (await response.json()) as Waiting & Omit<Sandbox, 'state'>;
  if (body.state === 'building' && body.build) return { kind: 'building', build: body.build };
  if (response.status === 202) return { kind: 'queued', id: body.id, position: body.position ?? 1, eta: body.eta_seconds ?? null };
  return { kind: 'running', sandbox: body as Sandbox };
}
