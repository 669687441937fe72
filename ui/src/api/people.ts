// Calls for people with accounts.
import { json, queryString, request } from './client.ts';
import type { List, Project, Session } from './types.ts';

export type Role = 'user' | 'admin';

export interface Account {
  username: string;
  email: string | null;
  email_verified: boolean;
  display_name: string;
  bio: string;
  homepage: string | null;
  role: Role;
  has_password: boolean;
  language: 'ko' | 'en' | null;
  theme: 'light' | 'dark' | null;
  created_at: string;
}

export interface Profile {
  username: string;
  display_name: string;
  bio: string;
  homepage: string | null;
  /** null: an owner of first projects, without an account. */
  created_at: string | null;
  projects: number;
}

/** A browser that is signed in. */
export interface SignIn {
  id: string;
  current: boolean;
  created_at: string;
  seen_at: string;
  address: string;
  agent: string;
}

export interface Token {
  id: string;
  name: string;
  created_at: string;
  seen_at: string | null;
  expires_at: string | null;
}

export interface Provider {
  id: string;
  name: string;
}

/** An account elsewhere that signs in to this one. */
export interface Identity {
  provider: string;
  name: string;
  label: string;
  created_at: string;
}

export interface AccountChange {
  display_name?: string;
  bio?: string;
  homepage?: string | null;
  email?: string | null;
  language?: Account['language'];
  theme?: Account['theme'];
  password?: string;
  current_password?: string;
}

export interface Withdrawal {
  password?: string;
  confirm?: string;
  projects?: 'delete' | 'transfer';
  transfer_to?: string;
}

export const register = (asked: { username: string; email?: string; password: string }) => json<Account>('/users', { method: 'POST', body: asked });
export const signIn = (login: string, password: string) => json<Session>('/session', { method: 'POST', body: { login, password } });
export const signOut = () => request('/session', { method: 'DELETE' });
export const getAccount = () => json<Account>('/users/me');
export const changeAccount = (change: AccountChange) => json<Account>('/users/me', { method: 'PATCH', body: change });
export const withdraw = (asked: Withdrawal) => request('/users/me', { method: 'DELETE', body: asked });
export const getProfile = (username: string) => json<Profile>(`/users/${encodeURIComponent(username)}`);
export const projectsOf = (owner: string, page: number) => json<List<Project>>(`/projects${queryString({ owner, page, per_page: 24, sort: 'new' })}`);

export const listSignIns = () => json<{ items: SignIn[] }>('/users/me/sessions');
export const endSignIn = (id: string) => request(`/users/me/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' });
export const endSignIns = ({ others }: { others: boolean }) => request(`/users/me/sessions${others ? '?others=1' : ''}`, { method: 'DELETE' });

export const listTokens = () => json<{ items: Token[] }>('/users/me/tokens');
export const makeToken = (asked: { name: string; expires_in_days?: number }) => json<Token & { token: string }>('/users/me/tokens', { method: 'POST', body: asked });
export const revokeToken = (id: string) => request(`/users/me/tokens/${encodeURIComponent(id)}`, { method: 'DELETE' });

export const listProviders = () => json<{ items: Provider[] }>('/auth/providers');
export const listIdentities = () => json<{ items: Identity[] }>('/users/me/identities');
export const unlinkIdentity = (provider: string) => request(`/users/me/identities/${encodeURIComponent(provider)}`, { method: 'DELETE' });

/** Where a browser goes to sign in with a provider; it comes back to `returnTo`. */
export const providerHref = (id: string, returnTo: string, link = false) =>
  `/api/v1/auth/${encodeURIComponent(id)}/login${queryString({ return_to: returnTo, link: link ? 1 : '' })}`;

