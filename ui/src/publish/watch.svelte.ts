// One build as it goes: its state and its log, until it ends.
import { buildLogUrl, serverNow } from '../api/client.ts';
import { getOwnBuild, type OwnBuild } from '../api/publish.ts';
import { AnsiLog, type Line } from '../buildlog/ansi.ts';
import { BuildStream } from '../buildlog/stream.ts';

export const isOver = (build: OwnBuild): boolean => ['succeeded', 'failed', 'cancelled'].includes(build.state);

export class Watch {
  build = $state.raw<OwnBuild>({} as OwnBuild);
  lines = $state.raw<Line[]>([]);
  lost = $state(false);
  /** When the server told how it stands: what runs has gone on since. */
  told = $state(serverNow());
  #log = new AnsiLog();
  #paint = 0;
  #stream: BuildStream | null = null;
  #onend: (build: OwnBuild) => void;

  constructor(build: OwnBuild, onend: (build: OwnBuild) => void) {
    this.build = build;
    this.#onend = onend;
  }

  start(): () => void {
    this.#stream = new BuildStream({
      url: buildLogUrl(this.build.id),
      events: {
        log: (text) => {
          this.#log.write(text);
          this.#paint ||= requestAnimationFrame(() => {
            this.#paint = 0;
            this.lines = [...this.#log.lines];
          });
        },
        state: (now) => {
          this.told = serverNow();
          this.build = { ...this.build, ...now };
        },
        lost: (lost) => (this.lost = lost),
        end: (now) => void this.#end(now),
      },
    });
    return () => {
      this.#stream?.close();
      cancelAnimationFrame(this.#paint);
      this.#paint = 0;
    };
  }

  /** What a call has just answered: maybe older than what the stream has told meanwhile. */
  heard(now: OwnBuild): void {
    if (!isOver(this.build)) this.build = { ...this.build, ...now };
  }

  /** The stream tells how it ended; what the check said and which line failed stand in the build itself. */
  async #end(now: OwnBuild): Promise<void> {
    this.build = { ...this.build, ...now };
    if (now.failed_line === undefined || now.smoke === undefined) {
      this.build = await getOwnBuild(now.id).then((whole) => ({ ...this.build, ...whole })).catch(() => this.build);
    }
    this.#onend(this.build);
  }
}
