/**
 * Searches logs, traces, journals, output of nodes and attackers, and the process list for secrets. It prints the place
 * of a secret, never the secret.
 */
import { constants } from 'node:buffer';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import { readText } from '../../../lib/files.ts';
import { field } from '../../../lib/kube/bootstrap-token.ts';
import { wellKnown } from '../../../lib/kube/types.ts';
import { type LabContext, STARTED_AT } from '../context.ts';
import type { NodeFiles, Searched } from '../control/api.ts';
import type { Driver } from '../drivers/driver.ts';
import { labNodeNames, pathsOfNode } from '../nodes.ts';
import { knownTokens, tokenNames, tokenOf } from '../tokens.ts';

export const journalsIn = (state: string): string => join(state, 'chaos');

/**
 * Search everything that services, nodes and experiments wrote. While an experiment runs, the secrets are those of its
 * own tokens and of the tokens in the cluster, so the result does not depend on earlier experiments. Otherwise they are
 * those of every token that the lab knows.
 *
 * @param options.isJudged  print and record the verdict
 * @param options.state     directory of the journals
 * @returns `secrets found: 0`, or how many and where, and the size of the search
 */
export async function scanForSecrets(
	driver: Driver,
	{ isJudged, state }: { readonly isJudged: boolean; readonly state: string },
): Promise<string> {
	const { lab } = driver;
	const [secrets, there, files] = await Promise.all([lab.tokenSecrets(), lab.processTexts(), lab.nodeFiles()]);
	const url = await driver.observerUrl();
	const texts: Searched[] = [
		{ where: 'the logs of the services', text: await driver.logs(0) },
		...there,
		...(url === '' ? [] : await textsOfObserver(url)),
		...(await textsBelow(journalsIn(state))),
	];
	const found = [...findSecrets(texts, secrets).map((where) => `in ${where}`), ...files.problems];
	const bytes = texts.reduce((sum, { text }) => sum + text.length, 0);
	const verdict =
		found.length === 0
			? 'security: held: no secret is in a forbidden place'
			: 'security: violated: a secret is in a forbidden place';
	if (isJudged) await lab.recordVerdict(verdict);
	return [
		`secrets found: ${found.length}`,
		...(isJudged ? [verdict] : []),
		...found,
		`searched ${texts.length} texts, ${bytes} bytes, for ${secrets.length} secrets; and ${files.count} files of nodes`,
	].join('\n');
}

/** The secret halves of the tokens in the cluster, and of the experiment; without one, of every known token. */
export async function tokenSecrets(context: LabContext): Promise<readonly string[]> {
	const { items } = await context.api.secrets.list({ namespace: wellKnown.kubeSystem });
	const kept = items.map((secret) => field(secret, 'token-secret'));
	const isBegun = (await context.read(STARTED_AT)) !== undefined;
	const tokens = isBegun
		? await Promise.all((await tokenNames(context)).map(async (name) => (await tokenOf(context, name)).token))
		: await knownTokens(context);
	return [...new Set([...tokens.map((token) => token.slice(7)), ...kept])].filter((secret) => secret !== '');
}

const BOOTSTRAP_KUBECONFIG = 'bootstrap-kubelet.conf';

/** After its join, a node has no token on disk, and only the owner can read its key and kubeconfig. */
export async function checkNodeFiles(context: LabContext, secrets: readonly string[]): Promise<NodeFiles> {
	const joining = (await context.control.workers()).filter(({ hasServed, state }) => !hasServed && state !== 'ended');
	const names = (await labNodeNames(context)).filter((name) => !joining.some((worker) => worker.name === name));
	const roots = await Promise.all(names.map(async (name) => (await pathsOfNode(context, name)).root));
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

/** A private key in a file of a node is expected. */
const withoutKeys = ({ where, text }: Searched): Searched => ({
	where,
	text: text.replace(new RegExp(PRIVATE_KEY, 'g'), ''),
});

/** The output of nodes and attackers, and the command lines of all processes. */
export async function processTexts(context: LabContext): Promise<readonly Searched[]> {
	const workers = (await context.control.workers()).map(({ name, output }) => ({
		where: `output of ${name}`,
		text: output,
	}));
	const logs = join(context.directory, 'workers');
	const files = (await readdir(logs).catch(() => [])).map((name) => ({
		where: `log of ${name}`,
		text: readLog(join(logs, name)),
	}));
	return [...workers, ...files, ...(await commandLines())];
}

async function commandLines(): Promise<readonly Searched[]> {
	const ids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
	const lines = await Promise.all(ids.map((id) => readFile(join('/proc', id, 'cmdline'), 'utf8').catch(() => '')));
	return lines.map((text, index) => ({ where: `command line of process ${ids[index]}`, text }));
}

/** Logs have no limit of their own. */
const readLog = (path: string): string => readText(path, constants.MAX_STRING_LENGTH);

/** Every file below a directory; none when there is no such directory. */
export async function textsBelow(directory: string): Promise<readonly Searched[]> {
	const names = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
	const paths = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
	return paths.map((path) => ({ where: path, text: readLog(path) }));
}

/** The joins and steps that the observer stores, with the details of each step. */
async function textsOfObserver(url: string): Promise<readonly Searched[]> {
	const stream = await readStream(`${url}/api/stream?steps=all`);
	const steps = [...stream.matchAll(/"id":"([0-9a-f]+)","join":"([0-9a-f]+)"/g)].slice(-MAX_DETAILS);
	// The observer limits the connections to its port.
	const inTurn = pLimit(16);
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
/** The observer sends everything that it stores at once; the stream itself does not end. */
const STREAM_QUIET_MS = 1_500;

async function readStream(url: string): Promise<string> {
	const chunks: Uint8Array[] = [];
	const quiet = new AbortController();
	const { body } = await fetch(url, { signal: quiet.signal });
	const timer = setTimeout(() => quiet.abort(), STREAM_QUIET_MS);
	try {
		for await (const chunk of body ?? []) {
			chunks.push(chunk);
			timer.refresh();
		}
	} catch (error) {
		if (!quiet.signal.aborted) throw error;
	} finally {
		clearTimeout(timer);
	}
	return Buffer.concat(chunks).toString();
}

/** @returns the places of a secret or private key, in plain text, base64 or hexadecimal */
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

/** The digits that encode only the secret, when `before` bytes (modulo 3) of a longer text precede it. */
function inBase64(secret: string, before: number): string {
	const bits = 8 * (before + secret.length);
	const digits = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]).toString('base64');
	return digits.slice(Math.ceil((8 * before) / 6), Math.floor(bits / 6));
}

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----|"d":"[A-Za-z0-9_-]{40,}"/;
