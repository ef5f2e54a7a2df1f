/**
 * Sends one call from standard input to the agent of this container and prints status and body of its answer. It
 * imports only Node's own modules, so that it starts quickly. The call ends when standard input closes.
 */
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { readText } from '../../../../lib/files.ts';

const CONTROL_FILE = '/lab/control.json';
const AGENT_START_MS = 120_000;

interface ControlFile {
	readonly url: string;
	readonly key: string;
}

/** The agent writes the file when it listens, which can be after the start of its container. */
async function readControlFile(): Promise<ControlFile> {
	for (const end = Date.now() + AGENT_START_MS; ; await delay(100)) {
		try {
			return JSON.parse(readText(CONTROL_FILE)) as ControlFile;
		} catch (error) {
			if (Date.now() > end) throw error;
		}
	}
}

function post({ url, key }: ControlFile, body: string, signal: AbortSignal): Promise<{ status: number; text: string }> {
	return new Promise((resolve, reject) => {
		const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
		const sent = request(`${url}/lab`, { method: 'POST', headers, signal }, (response) => {
			const chunks: Buffer[] = [];
			response.on('data', (chunk: Buffer) => chunks.push(chunk));
			response.once('error', reject);
			response.once('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
		});
		sent.once('error', reject);
		sent.end(body);
	});
}

const closed = new AbortController();
const lines = createInterface({ input: process.stdin });
lines.once('close', () => closed.abort());
const [body] = await new Promise<[string]>((resolve) => lines.once('line', (line) => resolve([line])));
const { status, text } = await post(await readControlFile(), body, closed.signal);
process.stdout.write(JSON.stringify({ status, body: text === '' ? null : JSON.parse(text) }));
lines.close();
process.stdin.destroy();
