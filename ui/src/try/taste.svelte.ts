// One visit to a project's terminal: from pressing Try to how it ended. The page shows what stands here.
import { addTerminal, ApiError, endSandbox, extendSandbox, getSandbox, trySandbox, buildLogUrl } from '../api/client.ts';
import type { Build, EndReason, Sandbox, TerminalRef } from '../api/types.ts';
import { isLive, me } from '../app/me.svelte.ts';
import { AnsiLog, type Line } from '../buildlog/ansi.ts';
import { BuildStream } from '../buildlog/stream.ts';
import type { Exit } from '../terminal/protocol.ts';

export type Phase = 'looking' | 'idle' | 'starting' | 'queued' | 'building' | 'running' | 'ended' | 'error';

export interface Ended {
  reason: EndReason | 'unknown';
  code: number | null;
}

const POLL_MS = 1500;
const RETRY_SECONDS = 3;

export class Taste {
  phase = $state<Phase>('looking');
  sandbox = $state.raw<Sandbox | null>(null);
  terminals = $state.raw<TerminalRef[]>([]);
  /** Codes of shells that ended while the sandbox goes on; null when the code is unknown. */
  closedShells = $state.raw<ReadonlyMap<number, number | null>>(new Map());
  ended = $state.raw<Ended | null>(null);
  queue = $state.raw<{ id: string; position: number; eta: number | null } | null>(null);
  build = $state.raw<Build | null>(null);
  lines = $state.raw<Line[]>([]);
  logLost = $state(false);
  failure = $state.raw<unknown>(null);
  /** Seconds until the next attempt by itself, or null. */
  retryIn = $state<number | null>(null);
  /** The sandbox that stands in the way of this one. */
  busyWith = $state.raw<Sandbox | null>(null);
  /** Whether the terminal starts empty; false when old output comes first. */
  fresh = true;
  size: () => { cols: number; rows: number } = () => ({ cols: 80, rows: 24 });

  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stream: BuildStream | null = null;
  #log = new AnsiLog();
  #paint = 0;

  /** A project, or (null) a bare shell on a base. */
  constructor(readonly project: string | null, readonly base: string | null = null) {}

  #isOurs(sandbox: Sandbox): boolean {
    return sandbox.project === this.project && (this.project !== null || sandbox.base === this.base);
  }

  /** Finds what runs already; else starts at once when asked to. */
  async open(tryNow: boolean): Promise<void> {
    const turn = ++this.#turn;
    if (!me.known || isLive(me.sandbox)) await me.refresh();
    if (turn !== this.#turn) return;
    if (me.sandbox && this.#isOurs(me.sandbox)) this.#attach(me.sandbox, false);
    else if (tryNow) await this.start();
    else this.phase = 'idle';
  }

  /** Shows the log of a build that failed, where there is nothing else to show. */
  explain(build: Build): void {
    if (this.phase === 'idle') this.#watch(build);
  }

  async start({ replace = false } = {}): Promise<void> {
    const turn = this.#begin();
    if (!replace && isLive(me.sandbox)) {
      await me.refresh();
      if (turn !== this.#turn) return;
      if (me.sandbox) {
        this.#meet(me.sandbox);
        return;
      }
    }
    try {
      const answer = await trySandbox({ ...(this.project === null ? { base: this.base ?? '' } : { project: this.project }), ...this.size(), replace });
      if (turn !== this.#turn) return;
      if (answer.kind === 'running') this.#attach(answer.sandbox, true);
      else if (answer.kind === 'queued') this.#wait(answer.id, answer.position, answer.eta);
      else this.#watch(answer.build);
    } catch (cause) {
      if (turn === this.#turn) this.#refused(cause);
    }
  }

  async end(): Promise<void> {
    const { sandbox } = this;
    if (!sandbox) return;
    try {
      await endSandbox(sandbox.id);
      if (this.sandbox === sandbox) this.finish('stopped', null);
    } catch (cause) {
      if (cause instanceof ApiError && cause.status === 404) this.finish('unknown', null);
      else this.failure = cause;
    }
  }

  restart(): Promise<void> {
    return this.start({ replace: this.phase === 'running' });
  }

  /** The sandbox with more time, or the error. */
  async extend(): Promise<Sandbox> {
    const sandbox = await extendSandbox((this.sandbox as Sandbox).id);
    this.update(sandbox);
    return sandbox;
  }

  async addShell(): Promise<number> {
    const added = await addTerminal((this.sandbox as Sandbox).id, this.size());
    if (!this.terminals.some((item) => item.n === added.n)) this.terminals = [...this.terminals, added];
    return added.n;
  }

  closeShell(n: number): void {
    this.terminals = this.terminals.filter((item) => item.n !== n);
  }

  /** The server says that the sandbox changed. */
  update(sandbox: Sandbox): void {
    if (sandbox.id !== this.sandbox?.id) return;
    this.sandbox = { ...this.sandbox, ...sandbox };
    const known = new Set(this.terminals.map((item) => item.n));
    const more = (sandbox.terminals ?? []).filter((item) => !known.has(item.n) && !this.closedShells.has(item.n));
    if (more.length > 0) this.terminals = [...this.terminals, ...more];
    if (sandbox.state === 'ended') this.finish(sandbox.ended?.reason ?? 'unknown', sandbox.ended?.exit_code ?? null);
    else me.has(this.sandbox);
  }

  /** A shell said goodbye. Its sandbox may live on when it has others. */
  async shellExited(n: number, exit: Exit): Promise<void> {
    const others = this.terminals.filter((item) => item.n !== n && !this.closedShells.has(item.n));
    if (exit.reason !== 'exited' || others.length === 0) {
      this.finish(exit.reason, exit.code);
      return;
    }
    const alive = await this.check();
    if (alive) this.closedShells = new Map([...this.closedShells, [n, exit.code]]);
  }

  /** Asks whether the sandbox still runs; shows its end when it does not. */
  async check(): Promise<boolean> {
    const id = this.sandbox?.id;
    if (!id || this.phase !== 'running') return false;
    try {
      const now = await getSandbox(id);
      if (this.sandbox?.id !== id) return false;
      this.update(now);
      return now.state !== 'ended';
    } catch (cause) {
      if (!(cause instanceof ApiError) || cause.status !== 404) return true;
      if (this.sandbox?.id === id) this.finish('unknown', null);
      return false;
    }
  }

  finish(reason: Ended['reason'], code: number | null): void {
    if (this.phase !== 'running' || !this.sandbox) return;
    this.ended = { reason, code };
    this.phase = 'ended';
    me.lost(this.sandbox.id);
  }

  async leaveQueue(): Promise<void> {
    const id = this.queue?.id;
    this.#begin();
    this.phase = 'idle';
    if (id) await endSandbox(id).catch(() => undefined);
  }

  dispose(): void {
    this.#begin();
  }

  /** A new turn: whatever was under way no longer counts. */
  #begin(): number {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#paint);
    this.#stream?.close();
    this.#stream = null;
    this.retryIn = null;
    this.failure = null;
    this.busyWith = null;
    this.queue = null;
    if (this.phase !== 'building') this.build = null;
    this.phase = 'starting';
    return ++this.#turn;
  }

  #attach(sandbox: Sandbox, fresh: boolean): void {
    if (sandbox.state === 'queued' || sandbox.state === 'starting') {
      this.#wait(sandbox.id, sandbox.position ?? 1, sandbox.eta_seconds ?? null);
      return;
    }
    this.fresh = fresh;
    this.build = null;
    this.ended = null;
    this.closedShells = new Map();
    this.sandbox = sandbox;
    this.terminals = sandbox.terminals;
    this.phase = 'running';
    me.has(sandbox);
  }

  /** One runs already: this very project's is joined, another asks to be ended. */
  #meet(running: Sandbox): void {
    if (this.#isOurs(running)) {
      this.#attach(running, false);
      return;
    }
    this.busyWith = running;
    this.phase = this.ended ? 'ended' : 'idle';
    me.has(running);
  }

  #refused(cause: unknown): void {
    const status = cause instanceof ApiError ? cause.status : -1;
    const running = cause instanceof ApiError ? cause.problem?.sandbox : undefined;
    if (status === 409 && running) {
      this.#meet(running);
      return;
    }
    const build = cause instanceof ApiError ? cause.problem?.build : undefined;
    if (status === 409 && build) {
      this.#watch(build);
      return;
    }
    this.failure = cause;
    this.phase = 'error';
    if (status === 503 || status === 429) this.#countDown((cause as ApiError).retryAfter ?? RETRY_SECONDS);
  }

  #countDown(seconds: number): void {
    this.retryIn = seconds;
    if (seconds <= 0) void this.start();
    else this.#timer = setTimeout(() => this.#countDown(seconds - 1), 1000);
  }

  #wait(id: string, position: number, eta: number | null): void {
    this.queue = { id, position, eta };
    this.phase = 'queued';
    this.#timer = setTimeout(() => void this.#poll(id), POLL_MS);
  }

  async #poll(id: string): Promise<void> {
    const turn = this.#turn;
    try {
      const sandbox = await getSandbox(id);
      if (turn !== this.#turn) return;
      if (sandbox.state === 'running') this.#attach(sandbox, true);
      else if (sandbox.state === 'ended') {
        this.sandbox = sandbox;
        this.phase = 'running';
        this.finish(sandbox.ended?.reason ?? 'unknown', sandbox.ended?.exit_code ?? null);
      } else this.#wait(id, sandbox.position ?? this.queue?.position ?? 1, sandbox.eta_seconds ?? null);
    } catch (cause) {
      if (turn !== this.#turn) return;
      if (cause instanceof ApiError && cause.status === 404) void this.start();
      else this.#timer = setTimeout(() => void this.#poll(id), POLL_MS * 2);
    }
  }

  #watch(build: Build): void {
    this.build = build;
    this.phase = 'building';
    this.#log = new AnsiLog();
    this.lines = [];
    this.logLost = false;
    this.#stream = new BuildStream({
      url: buildLogUrl(build.id),
      events: {
        log: (text) => {
          this.#log.write(text);
          this.#paint ||= requestAnimationFrame(() => {
            this.#paint = 0;
            this.lines = [...this.#log.lines];
          });
        },
        state: (now) => (this.build = now),
        lost: (lost) => (this.logLost = lost),
        end: (now) => {
          this.build = now;
          if (now.state === 'succeeded') void this.start();
        },
      },
    });
  }
}
