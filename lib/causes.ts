/**
 * Explains errors of libraries and of the system: the cause, and a remedy for it. Their own texts are for programmers
 * and repeat values, so no program prints them without this module.
 */
import { danglingLinkOf, danglingLinkText } from './dangling-link.ts';
import { maskSecrets, shellWord } from './text.ts';

interface Cause {
	/** The text of Go's syscall package, which Kubernetes users know. */
	readonly text: string;
	/** An imperative sentence about the file. */
	readonly remedy: (path: string) => string;
}

const files: Readonly<Record<string, Cause>> = {
	// Before ENOENT, whose text it follows.
	DANGLING: {
		text: ', which does not exist',
		remedy: () => 'Create the target of this symbolic link, or choose another path',
	},
	ENOENT: { text: 'no such file or directory', remedy: (path) => `Check the path ${path}: nothing is there` },
	EACCES: {
		text: 'permission denied',
		remedy: (path) => `Let this user read and write ${path}: see its owner with ls -l ${path}`,
	},
	EPERM: { text: 'operation not permitted', remedy: (path) => `Check who owns ${path}, and whether it is immutable` },
	EISDIR: { text: 'is a directory', remedy: (path) => `Name a file: ${path} is a directory` },
	ERR_FS_EISDIR: { text: 'is a directory', remedy: (path) => `Name a file: ${path} is a directory` },
	ENOTDIR: { text: 'not a directory', remedy: (path) => `Check the path ${path}: a part of it is a file` },
	EEXIST: { text: 'file exists', remedy: (path) => `Choose another path, or move ${path} away` },
	ENOSPC: { text: 'no space left on device', remedy: (path) => `Free space on the disk that holds ${path}: see df -h` },
	EDQUOT: { text: 'disk quota exceeded', remedy: (path) => `Free space of this user on the disk that holds ${path}` },
	EROFS: { text: 'read-only file system', remedy: (path) => `Choose a path on a disk that is writable, not ${path}` },
	EMFILE: { text: 'too many open files', remedy: () => 'Raise the limit of open files: ulimit -n 4096' },
	ENFILE: { text: 'too many open files in system', remedy: () => 'End programs that hold many files open' },
	ELOOP: {
		text: 'too many levels of symbolic links',
		remedy: (path) => `Remove the loop of symbolic links at ${path}`,
	},
	ENAMETOOLONG: { text: 'file name too long', remedy: () => 'Choose a shorter path' },
	EBUSY: { text: 'device or resource busy', remedy: (path) => `End the program that uses ${path}, and retry` },
	EIO: { text: 'input/output error', remedy: (path) => `Check the disk that holds ${path}: it reports an error` },
	NOT_REGULAR: { text: 'not a regular file', remedy: (path) => `Name a regular file: ${path} is not one` },
	FOREIGN: {
		text: 'belongs to another user',
		remedy: (path) => `Choose another directory: the owner of ${path} can replace every file in it`,
	},
	TOO_LONG: { text: 'is longer than', remedy: (path) => `Name another file: ${path} is too long for its purpose` },
	ENXIO: { text: 'no such device or address', remedy: (path) => `Name a regular file: ${path} is not one` },
};

/** Library texts that repeat a value or are hard to understand, with their replacement. */
const library: readonly (readonly [form: RegExp, text: string])[] = [
	[/Metadata (?:string )?(?:value|key) "[\s\S]*" contains illegal characters/, 'net/http: invalid header field value'],
	[/ERR_INVALID_CHAR|Invalid character in header content/, 'net/http: invalid header field value'],
	[/ERR_OSSL_PEM_NO_START_LINE|PEM routines::no start line/, 'tls: failed to find any PEM data'],
	[/ERR_OSSL_X509_KEY_VALUES_MISMATCH|key values mismatch/, 'tls: private key does not match public key'],
	[/ERR_OSSL_.*(?:BAD_DECRYPT|INTERRUPTED)|bad decrypt|ERR_MISSING_PASSPHRASE/, 'tls: failed to parse private key'],
	[/ERR_OSSL_|:error:[0-9A-F]{8}:|^error:[0-9A-F]{8}:/, 'the certificate or the private key cannot be read'],
	[/ERR_INVALID_URL|^Invalid URL/, 'it is not a URL'],
	[/ERR_INVALID_ARG_VALUE.*null bytes|without null bytes/, 'it has a NUL character'],
	[/^Unexpected (?:token|end of JSON)|is not valid JSON|in JSON at position|after JSON/, 'it is not JSON'],
];

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
	error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';

/**
 * The text of any thrown value, explained and without secrets; never empty.
 *
 * @param error  an AggregateError is reported as its first error
 */
export function causeText(error: unknown): string {
	if (error instanceof AggregateError && error.errors.length > 0) return causeText(error.errors[0]);
	if (isSystemError(error)) {
		const known = files[error.code ?? ''];
		if (known !== undefined && isOfFile(error)) return danglingText(error) ?? known.text;
	}
	const text = error instanceof Error ? error.message || nameOf(error) : textOf(error);
	const code = isSystemError(error) ? `${error.code}: ` : '';
	const [, explained] = library.find(([form]) => form.test(`${code}${text}`) || form.test(text)) ?? [];
	return explained ?? maskSecrets(text);
}

/** For a file behind a dangling link the system says that it does not exist; for a new directory, that it exists. */
function danglingText({ code, path }: NodeJS.ErrnoException): string | undefined {
	const found = path !== undefined && /^(ENOENT|EEXIST)$/.test(code ?? '') ? danglingLinkOf(path) : undefined;
	if (found === undefined) return undefined;
	const text = danglingLinkText(found);
	return code === 'ENOENT' ? `${files.ENOENT?.text}: ${text}` : text;
}

const isOfFile = ({ syscall = 'connect' }: NodeJS.ErrnoException): boolean =>
	!/^(connect|listen|bind|getaddrinfo|spawn)/.test(syscall);

const nameOf = (error: Error): string =>
	isSystemError(error) ? `${error.code}` : error.name === 'Error' ? 'unknown failure' : error.name;

const textOf = (thrown: unknown): string =>
	thrown === undefined || thrown === null || thrown === '' ? 'unknown failure' : String(thrown);

/** @param problem  a text of `causeText` or of Node */
export function fileRemedy(path: string, problem: string): string {
	const known = Object.entries(files).find(([code, { text }]) => problem.includes(text) || problem.includes(code));
	if (known !== undefined) return known[1].remedy(path);
	return /\bthe CA\b/.test(problem)
		? newClusterRemedy(path)
		: `Check that ${path} is whole: replace it from a copy, or remove it to have it made again`;
}

/**
 * For a CA that is lost. A new CA alone is useless: nodes, tokens and recorded requests belong to the old one.
 *
 * @param path  of a file of the CA
 */
export function newClusterRemedy(path: string): string {
	const state = /^(.*)\/pki\/.*$/.exec(path)?.[1];
	const npmStart = `npm start -- --reset${state === undefined ? '' : ` --state ${shellWord(state)}`}`;
	// The containers have the PKI directory /pki.
	const reset = state === '' ? 'docker compose down --volumes && docker compose up' : npmStart;
	return `Restore ${path} from a backup; without one, delete the cluster and start a new one: ${reset}`;
}

/**
 * For a damaged identity of a node. Its Node stays Ready, and its name in use, until the controllers have run for about
 * a minute without a heartbeat of it.
 *
 * @param command  removes the identity
 * @param path     of a file of the identity
 */
export function rejoinRemedy(command: string, path: string): string {
	const [, state, index] = /^(.+)\/nodes\/(?:node-(\d{1,4})|[^/]+)\//.exec(path) ?? [];
	const npmStart = (nodes: string) =>
		`npm start -- --nodes ${nodes}${state === undefined ? '' : ` --state ${shellWord(state)}`}`;
	const start = npmStart('0');
	if (index === undefined)
		return `Let the node join again: ${command}, then run the cluster for a minute without it: ${start}, then start the node`;
	return (
		`Let the node join again: ${command}, then run the cluster for a minute without it: ${start}, then start the node: ` +
		npmStart(index)
	);
}
