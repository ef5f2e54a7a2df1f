#!/usr/bin/env node
/**
 * `kubejoin watch`, which scripts/kubejoin.ts starts: prints the joins of a running mesh, from the same stream as
 * the page.
 */
import '../../lib/require-node.ts';
import { Command, Option } from 'commander';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { parsedBy } from '../../lib/cli/options.ts';
import { runCli, stopWithOutput } from '../../lib/cli/run-cli.ts';
import { environment, httpUrl } from '../../lib/config.ts';
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { terminalLanguage } from '../../lib/language.ts';
import { repeatWatch } from '../../lib/poll.ts';
import { printableJson } from '../../lib/text.ts';
import type { Join, Step } from './api.ts';
import { createTextReporter, type StoryDetail } from './text-reporter.ts';

interface Flags {
	readonly url: string;
	readonly output: 'story' | 'json';
	readonly verbose?: boolean;
	readonly brief?: boolean;
	readonly follow: boolean;
}
type Watched = { readonly event: 'join'; readonly value: Join } | { readonly event: 'step'; readonly value: Step };

const SETTLE_EVERY_MS = 100;
const MIN_COLUMNS = 40;
const DEFAULT_COLUMNS = 80;

async function watch(node: string | undefined, flags: Flags): Promise<void> {
	const stopping = new AbortController();
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort());
	// The reader of a pipe can end, as `head` does.
	stopWithOutput(() => stopping.abort());
	const printer = flags.output === 'json' ? createJsonPrinter() : createStoryPrinter(flags);
	const settling = setInterval(() => printer.settle(Date.now()), SETTLE_EVERY_MS);
	try {
		await follow(flags, stopping.signal, onlyOf(node, printer.print));
	} finally {
		clearInterval(settling);
		printer.settle(Number.POSITIVE_INFINITY);
		stopping.abort();
	}
}

/** @throws OBSERVER_UNREACHABLE  the first connection fails; later ones are retried */
async function follow(
	{ url, follow: isEndless }: Flags,
	signal: AbortSignal,
	onWatched: (watched: Watched) => void,
): Promise<void> {
	async function followOnce(): Promise<'complete' | undefined> {
		for await (const { event, data } of events(url, signal)) {
			if (event === 'join' || event === 'step') onWatched({ event, value: JSON.parse(data) } as Watched);
			// The first storm follows the known joins.
			else if (event === 'storm' && !isEndless) return 'complete';
		}
		return undefined;
	}
	let isFirst = true;
	await repeatWatch(followOnce, {
		signal,
		onEnded(error) {
			if (isFirst && error !== undefined) throw error;
			isFirst = false;
		},
	});
}

function onlyOf(node: string | undefined, print: (watched: Watched) => void): (watched: Watched) => void {
	const wanted = new Set<string>();
	return (watched) => {
		const { event, value } = watched;
		if (event === 'join' && (node === undefined || value.node === node)) wanted.add(value.id);
		if (wanted.has(event === 'join' ? value.id : value.join)) print(watched);
	};
}

interface Printer {
	readonly print: (watched: Watched) => void;
	readonly settle: (nowMs: number) => void;
}

function createStoryPrinter({ verbose = false, brief = false }: Flags): Printer {
	const { NO_COLOR = '', FORCE_COLOR = '' } = environment();
	const color = NO_COLOR === '' && (FORCE_COLOR !== '' || process.stdout.isTTY === true);
	// Some terminals report 0 columns.
	const columns = Math.max(process.stdout.columns || DEFAULT_COLUMNS, MIN_COLUMNS);
	const detail: StoryDetail = verbose ? 'steps' : brief ? 'brief' : 'checks';
	const reporter = createTextReporter({
		columns,
		color,
		detail,
		language: terminalLanguage(),
		write: (text) => void process.stdout.write(text),
	});
	return {
		print({ event, value }) {
			if (event === 'join') reporter.join(value, Date.now());
			else reporter.step(value, Date.now());
		},
		settle: reporter.settle.bind(reporter),
	};
}

/** A line for each change: after a reconnection the observer sends everything again. */
function createJsonPrinter(): Printer {
	const printed = new Map<string, string>();
	return {
		print({ event, value }) {
			const line = printableJson(JSON.stringify({ [event]: value }));
			if (printed.get(value.id) === line) return;
			printed.set(value.id, line);
			process.stdout.write(`${line}\n`);
		},
		settle: () => undefined,
	};
}

/** @throws OBSERVER_UNREACHABLE */
async function* events(
	url: string,
	signal: AbortSignal,
): AsyncGenerator<{ readonly event: string; readonly data: string }> {
	const response = await fetch(new URL('/api/stream?steps=all', url), { signal }).catch((error: unknown) => {
		const problem = error instanceof Error && error.cause !== undefined ? causeText(error.cause) : causeText(error);
		throw new KubejoinError('OBSERVER_UNREACHABLE', { url, problem }, { cause: error });
	});
	const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
	if (!response.ok || response.body === null || !isStream) {
		await response.body?.cancel();
		const problem = `the server answers with status ${response.status} and no event stream`;
		throw new KubejoinError('OBSERVER_UNREACHABLE', { url, problem });
	}
	const parsed = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
	for await (const { event = 'message', data } of parsed) yield { event, data };
}

const program = new Command('kubejoin watch')
	.description('Print the joins of a running mesh: past joins, then new ones')
	.argument('[node]', 'only the joins of this node')
	.option('--url <url>', 'address of the page', parsedBy(httpUrl), 'http://127.0.0.1:8080')
	.addOption(
		new Option('-o, --output <format>', 'text, or one JSON object per line')
			.choices(['story', 'json'])
			.default('story'),
	)
	.addOption(new Option('--verbose', 'print every message').conflicts('brief'))
	.option('--brief', 'print one line per join')
	.option('--no-follow', 'print past joins and exit')
	.action(watch);

process.exitCode = await runCli(program, {
	examples: ['npx kubejoin watch', 'npx kubejoin watch --verbose node-1', 'npx kubejoin watch -o json --no-follow'],
});
