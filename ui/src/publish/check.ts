// What can be told before the server is asked. The server decides.
import { homepageFits, emailFits } from '../account/rules.ts';
import type { FieldErrors } from '../forms/form.svelte.ts';
import type { PublishText } from '../i18n/publish-en.ts';
import { keeps, licenceFits, nameFits, SUMMARY_MOST, words as split, type AboutDraft, type SourceDraft, type Unkept } from './draft.ts';

const TAGS_MOST = 10;
const PORTS_MOST = 16;

function tagsFit(text: string): boolean {
  const tags = split(text);
  return tags.length <= TAGS_MOST && tags.every((tag) => /^[a-z0-9+.-]{1,30}$/.test(tag));
}

function portsFit(text: string): boolean {
  const ports = split(text);
  return ports.length <= PORTS_MOST && ports.every((port) => /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535);
}

const pick = (found: Record<string, string | false>): FieldErrors => Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => !!entry[1]));

export function checkAbout(about: AboutDraft, checks: PublishText['checks']): FieldErrors {
  const { summary, summaryKo, license, homepage, contact } = about;
  const long = (text: string): string | false => [...text.trim()].length > SUMMARY_MOST && checks.long(SUMMARY_MOST);
  return pick({
    name: about.name.trim() === '' ? checks.needed : !nameFits(about.name.trim()) && checks.name,
    summary: summary.trim() === '' ? checks.needed : long(summary),
    summary_ko: long(summaryKo),
    category: about.category === '' && checks.category,
    tags: !tagsFit(about.tags) && checks.tags,
    license: license.trim() !== '' && !licenceFits(license) && checks.license,
    homepage: homepage.trim() !== '' && !homepageFits(homepage.trim()) && checks.homepage,
    contact: contact.trim() !== '' && !emailFits(contact.trim()) && !homepageFits(contact.trim()) && checks.contact,
    ports: !portsFit(about.ports) && checks.ports,
  });
}

/** Does it begin with a host, as "host.example/name" or "host:5000/name" do? */
const namesRegistry = (reference: string): boolean => /^([^/]*[.:][^/]*|localhost)\/./.test(reference.trim());

export function checkSource(source: SourceDraft, unkept: Unkept, checks: PublishText['checks'], kept: string | null = null): FieldErrors {
  const empty = (text: string): string | false => text.trim() === '' && checks.needed;
  switch (source.way) {
    case 'script': return pick({ 'source.base': empty(source.base), 'source.script': empty(source.script) });
    case 'dockerfile': return pick({ 'source.dockerfile': !unkept.context && empty(source.dockerfile) });
    case 'image': return pick({
      'source.reference': empty(source.reference) || (source.username.trim() !== '' && !namesRegistry(source.reference) && checks.registry),
      'source.username': source.username.trim() === '' ? unkept.password !== '' && checks.needed : source.username.includes(':') && checks.username,
      'source.password': source.username.trim() !== '' && !unkept.password && !keeps(source, unkept, kept) && checks.password,
    });
    case 'git': return pick({
      'source.url': !/^https:\/\/[^/]+\/./i.test(source.url.trim()) && checks.gitUrl,
      'source.script': source.gitScript !== null && empty(source.gitScript),
      'source.base': source.gitScript !== null && empty(source.gitBase),
    });
    case 'sandbox': return pick({ 'source.sandbox': !unkept.sandbox && checks.sandbox });
  }
}

/** What the server finds fault with, beside the fields; a fault with the source as a whole stands at the way in use. */
export function serverFields(errors: readonly { field: string; message: string }[], source: SourceDraft | null, say: (text: string) => string): FieldErrors {
  const main = source && { script: 'source.script', dockerfile: 'source.dockerfile', image: 'source.reference', git: 'source.url', sandbox: 'source.sandbox' }[source.way];
  return Object.fromEntries(errors.map(({ field, message }) => [(field === 'source' || field === 'context' || field === 'source.kind') && main ? main : field, say(message)]));
}
