import { describe, expect, it } from 'vitest';
import { render } from './markdown.ts';

describe('the preview', () => {
  it('shows Markdown', () => {
    expect(render('# Hi\n\n```sh\nls <x>\n```\n')).toBe('<h1>Hi</h1>\n<pre><code class="language-sh">ls &lt;x&gt;\n</code></pre>\n');
  });
  it.each(['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '[x](javascript:alert(1))', '[x](data:text/html;base64,AAAA)', '<a href="javascript:x">y</a>'])('never runs nor fetches: %s', (text) => {
    expect(render(text)).not.toMatch(/<(script|img|a)\b/);
  });
  it('leaves pictures of other sites alone', () => expect(render('![x](https://other.example/seen.png)')).not.toContain('<img'));
});
