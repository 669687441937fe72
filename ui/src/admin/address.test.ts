import { describe, expect, it } from 'vitest';
import { adminHref, readAsked } from './address.ts';

describe('addresses of lists', () => {
  it('tell what is asked', () => {
    expect(readAsked(new URLSearchParams('q=%ED%95%9C&state=open&page=3&x=1'))).toEqual({ q: '한', state: 'open', page: 3 });
    for (const page of ['', '0', '-2', 'x', 'NaN']) expect(readAsked(new URLSearchParams({ page })).page).toBe(1);
  });
  it('leave out what is not asked', () => {
    expect(adminHref('users')).toBe('/admin/users');
    expect(adminHref('users', { q: 'a b', page: 1 })).toBe('/admin/users?q=a+b');
    expect(adminHref('reports', { state: 'closed', q: '', page: 2 })).toBe('/admin/reports?state=closed&page=2');
  });
});
