#!/usr/bin/env node
/**
 * `kubejoin watch`, which scripts/kubejoin.ts starts: attaches to a running mesh at any time, prints the joins that it missed, and follows. It reads
 * the same stream as the page.
 */
import '../../lib/require-node.ts';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { runCli } from '../../lib/cli.ts';
import { environment } from '../../lib/config.ts';
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { printableJson } from '../../lib/text.ts';
import type { Join, Step } from './api.ts';
import { createTextReporter } from './text-reporter.ts';

interface Flags {
	readonly url: string;
	readonly output: 'story' | 'json';
	readonly brief?: boolean;
	readonly follow: boolean;
}

const RETRY_MS = 1_000;
const SETTLE_EVERY_MS = 100;
const MIN_COLUMNS = 40;
const DEFAULT_COLUMNS = 80;

async function watch(node: string | undefined, { url, output, brief = false, follow }: Flags): Promise<void> {
	const stopping = new AbortController();
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort());
	// Whoever read along has gone, as `head` does.
	process.stdout.on('error', () => stopping.abort());
	const write = (text: string) => void process.stdout.write(text);
	const { NO_COLOR = '', FORCE_COLOR = '' } = environment();
	const color = NO_COLOR === '' && (FORCE_COLOR !== '' || process.stdout.isTTY === true);
	// Some terminals say that they have none.
	const columns = Math.max(process.stdout.columns || DEFAULT_COLUMNS, MIN_COLUMNS);
	const teller = createTextReporter({ columns, color, detail: brief ? 'joins' : 'steps', write });
	const told = new Map<string, string>();
	const wanted = new Set<string>();
	const settling = setInterval(() => teller.settle(Date.now()), SETTLE_EVERY_MS);

	function take(event: string, data: string): void {
		const value = JSON.parse(data) as Join | Step;
		const isJoin = event === 'join';
		if (isJoin && (node === undefined || (value as Join).node === node)) wanted.add(value.id);
		if (!wanted.has(isJoin ? value.id : (value as Step).join)) return;
		if (output === 'story') {
			if (isJoin) teller.join(value as Join, Date.now());
			else teller.step(value as Step, Date.now());
		} else if (told.get(value.id) !== data) {
			told.set(value.id, data);
			write(`${printableJson(JSON.stringify({ [event]: value }))}\n`);
		}
	}
	try {
		for (let isFirst = true; !stopping.signal.aborted; isFirst = false) {
			try {
				for await (const { event, data } of events(url, stopping.signal)) {
					if (event === 'join' || event === 'step') take(event, data);
					// What was known has been told.
					else if (event === 'storm' && !follow) return;
				}
			} catch (error) {
				if (stopping.signal.aborted) return;
				if (isFirst) throw error;
			}
			await delay(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
		}
	} finally {
		clearInterval(settling);
		teller.settle(Number.POSITIVE_INFINITY);
		stopping.abort();
	}
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
	if (
		!response.ok ||
		response.body === null ||
		!response.headers.get('content-type')?.startsWith('text/event-stream')
	) {
		await response.body?.cancel();
		throw new KubejoinError('OBSERVER_UNREACHABLE', {
			url,
			problem: `it answers with ${response.status}, and not with a stream`,
		});
	}
	const parsed = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
	for await (const { event = 'message', data } of parsed) yield { event, data };
}

const program = new Command('kubejoin watch')
	.description('Tell every join of a running mesh: those that were, then those that are')
	.configureHelp({ helpWidth: 80, minWidthToWrap: 20 })
	.argument('[node]', 'only the joins of this node')
	.option('--url <url>', 'the page of the observer', 'http://127.0.0.1:8080')
	.addOption(
		new Option('-o, --output <format>', 'a story, or a JSON object on each line')
			.choices(['story', 'json'])
			.default('story'),
	)
	.option('--brief', 'one line for each join')
	.option('--no-follow', 'end when what was known has been told')
	.action(watch);

process.exitCode = await runCli(program);
