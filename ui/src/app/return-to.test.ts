import { describe, expect, it } from 'vitest';
import { loginHref, ownPath } from './return-to.ts';

const HERE = 'https://taste.example';

describe('after signing in', () => {
  it.each(['/settings', '/p/taste/figlet?try', '/projects?q=%ED%95%9C#top', '/me/containers'])('goes to %s', (path) => {
    expect(ownPath(path, HERE)).toBe(path);
  });
  it.each([
    null, undefined, '', 'settings', '//evil.example', '/\\evil.example', '/\t/evil.example', '\\/evil.example', 'https://evil.example/', 'javascript:alert(1)',
    '/.//evil.example', '/a/..//evil.example', '/login', '/register/', '/login?return_to=/login', `/${'a'.repeat(3000)}`, '/\u0000/\n/evil.example',
  ])('never goes to %j', (path) => {
    const found = ownPath(path, HERE);
    expect(new URL(found, HERE).origin).toBe(HERE);
    if (found !== '/') expect(found).toMatch(/^\/[^/\\]/);
    if (path && !path.includes('\u0000')) expect(found).toBe('/');
  });
  it('names the place in the address', () => {
    expect(loginHref('/settings')).toBe('/login?return_to=%2Fsettings');
    expect(loginHref('/p/a/b?try&x=1')).toBe('/login?return_to=%2Fp%2Fa%2Fb%3Ftry%26x%3D1');
    expect(loginHref('/')).toBe('/login');
    expect(loginHref('/register?return_to=%2F')).toBe('/login');
  });
});
