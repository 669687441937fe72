import Boxes from '@lucide/svelte/icons/boxes';
import Braces from '@lucide/svelte/icons/braces';
import BrainCircuit from '@lucide/svelte/icons/brain-circuit';
import Cloud from '@lucide/svelte/icons/cloud';
import Cpu from '@lucide/svelte/icons/cpu';
import Database from '@lucide/svelte/icons/database';
import Globe from '@lucide/svelte/icons/globe';
import PartyPopper from '@lucide/svelte/icons/party-popper';
import SquarePen from '@lucide/svelte/icons/square-pen';
import { m } from '../i18n/index.svelte.ts';

const icons = { language: Braces, system: Cpu, database: Database, web: Globe, cloud: Cloud, ai: BrainCircuit, editor: SquarePen, fun: PartyPopper };

export function categoryIcon(id: string): typeof Boxes {
  return (icons as Record<string, typeof Boxes>)[id.toLowerCase()] ?? Boxes;
}

/** The category's name in the language in use; one that we have no word for is shown as it is. */
export function categoryName(id: string): string {
  return (m().categories as Record<string, string>)[id.toLowerCase()] ?? id;
}
