/** Looks for secrets where none may be: in logs, traces, journals, what nodes and attackers printed, and the process list. It prints where, and never what. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { field } from '../../../lib/kube/bootstrap-token.ts';
import { wellKnown } from '../../../lib/kube/types.ts';
import { atMost } from '../../../lib/limit.ts';
import { type LabContext, STARTED_AT } from '../context.ts';
import { keptNames, nodeFile } from '../nodes.ts';
import { knownTokens, tokenNames, tokenOf } from '../tokens.ts';

export interface Searched {
	readonly where: string;
	readonly text: string;
}

/** The secret halves of the tokens that the cluster keeps, and of those of the experiment, or of every token that the lab knows when none has begun. */
export async function secretsOf(context: LabContext): Promise<readonly string[]> {
	const { items } = await context.api.secrets.list({ namespace: wellKnown.kubeSystem });
	const kept = items.map((secret) => field(secret, 'token-secret'));
	const isBegun = (await context.read(STARTED_AT)) !== undefined;
	const tokens = isBegun
		? await Promise.all((await tokenNames(context)).map(async (name) => (await tokenOf(context, name)).token))
		: await knownTokens(context);
	return [...new Set([...tokens.map((token) => token.slice(7)), ...kept])].filter((secret) => secret !== '');
}

/** What is wrong with the files of the experiment's nodes. */
export interface NodeFiles {
	readonly count: number;
	readonly problems: readonly string[];
}

const BOOTSTRAP_KUBECONFIG = 'bootstrap-kubelet.conf';

/** A node that has ended its join keeps no token, and nobody but the owner reads its key and its kubeconfig. */
export async function checkNodeFiles(context: LabContext, secrets: readonly string[]): Promise<NodeFiles> {
	const joining = (await context.control.workers()).filter(({ hasServed, state }) => !hasServed && state !== 'ended');
	const names = (await keptNames(context)).filter((name) => !joining.some((worker) => worker.name === name));
	const roots = await Promise.all(names.map((name) => nodeFile(context, name, '.')));
	const texts = (await Promise.all(roots.map(textsBelow))).flat();
	const holdsToken = new Set(findSecrets(texts.map(withoutKeys), secrets));
	const problems = await Promise.all(
		texts.map(async ({ where, text }) => {
			const mode = (await stat(where)).mode & 0o777;
			const isPrivate = PRIVATE_KEY.test(text) || where.endsWith('.conf');
			return [
				...(basename(where) === BOOTSTRAP_KUBECONFIG ? [`${where} was left behind`] : []),
				...(holdsToken.has(where) ? [`${where} holds the secret of a token`] : []),
				...(isPrivate && (mode & 0o077) !== 0 ? [`${where} has mode 0${mode.toString(8)}, and must have 0600`] : []),
			];
		}),
	);
	return { count: texts.length, problems: problems.flat() };
}

/** Of a node, a private key in a file is no leak. */
const withoutKeys = ({ where, text }: Searched): Searched => ({
	where,
	text: text.replace(new RegExp(PRIVATE_KEY, 'g'), ''),
});

/** What was printed where the nodes are, and the command lines of all processes there. */
export async function textsInside(context: LabContext): Promise<readonly Searched[]> {
	const workers = (await context.control.workers()).map(({ name, output }) => ({
		where: `output of ${name}`,
		text: output,
	}));
	const logs = join(context.directory, 'workers');
	const files = await Promise.all(
		(await readdir(logs).catch(() => [])).map(async (name) => ({
			where: `log of ${name}`,
			text: await readFile(join(logs, name), 'utf8'),
		})),
	);
	return [...workers, ...files, ...(await commandLines())];
}

async function commandLines(): Promise<readonly Searched[]> {
	const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
	const lines = await Promise.all(ids.map((id) => readFile(join('/proc', id, 'cmdline'), 'utf8').catch(() => '')));
	return lines.map((text, index) => ({ where: `command line of process ${ids[index]}`, text }));
}

/** Every file below a directory; none when there is no such directory. */
export async function textsBelow(directory: string): Promise<readonly Searched[]> {
	const names = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
	const paths = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
	return Promise.all(paths.map(async (path) => ({ where: path, text: await readFile(path, 'utf8') })));
}

/** What the observer keeps: joins, steps, and what a click on a step shows. */
export async function textsOfObserver(url: string): Promise<readonly Searched[]> {
	const stream = await readStream(`${url}/api/stream?steps=all`);
	const steps = [...stream.matchAll(/"id":"([0-9a-f]+)","join":"([0-9a-f]+)"/g)].slice(-MAX_DETAILS);
	// The observer bounds the connections to its port.
	const inTurn = atMost(16);
	const details = await Promise.all(
		steps.map(([, step = '', join_ = '']) =>
			inTurn(async () => {
				const response = await fetch(`${url}/api/joins/${join_}/steps/${step}`);
				return { where: `step ${step} of join ${join_} at the observer`, text: await response.text() };
			}),
		),
	);
	return [{ where: 'the observer', text: stream }, ...details];
}

const MAX_DETAILS = 2_000;
/** The observer says at once what it knows; what comes later is new. */
const STREAM_MS = 1_500;

async function readStream(url: string): Promise<string> {
	const chunks: Uint8Array[] = [];
	try {
		const { body } = await fetch(url, { signal: AbortSignal.timeout(STREAM_MS) });
		for await (const chunk of body ?? []) chunks.push(chunk);
	} catch (error) {
		if (!(error instanceof Error && error.name === 'TimeoutError')) throw error;
	}
	return Buffer.concat(chunks).toString();
}

/** @returns where a secret or a private key stands, in plain text, in base64 or in hexadecimal digits */
export function findSecrets(texts: readonly Searched[], secrets: readonly string[]): readonly string[] {
	const forms = secrets.flatMap(formsOf);
	return texts
		.filter(({ text }) => forms.some((form) => text.includes(form)) || PRIVATE_KEY.test(text))
		.map(({ where }) => where);
}

function formsOf(secret: string): readonly string[] {
	const hex = Buffer.from(secret).toString('hex');
	return [secret, hex, hex.toUpperCase(), ...[0, 1, 2].map((before) => inBase64(secret, before))];
}

/** The digits that stand for the secret alone, where so many bytes (modulo 3) of a longer text come before it. */
function inBase64(secret: string, before: number): string {
	const bits = 8 * (before + secret.length);
	const digits = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]).toString('base64');
	return digits.slice(Math.ceil((8 * before) / 6), Math.floor(bits / 6));
}

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----|"d":"[A-Za-z0-9_-]{40,}"/;
