/**
 * What a join is asked to do: from flags, or from a JoinConfiguration file, which keeps the token out of the process list. Only read here;
 * `preflight` judges it. @source kubeadm apis/kubeadm/v1beta4 JoinConfiguration
 */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { parse } from 'yaml';
import { causeText, KubejoinError } from '../../../lib/errors.ts';
import { parseGoDuration } from '../../../lib/kube/duration.ts';
import type { NodeIdentity } from '../identity.ts';

/** Nothing in it has been checked. */
export interface JoinRequest {
	/** `host:port` */
	readonly endpoint: string;
	readonly token: string;
	/** For the CSR, where it is another one than for discovery. */
	readonly tlsBootstrapToken: string;
	readonly caCertHashes: readonly string[];
	/** Pins may be left out; those that are given are compared all the same. */
	readonly unsafeSkipCaVerification: boolean;
	readonly nodeName: string;
	readonly criSocket: string;
	readonly discoveryTimeoutMs: number;
	readonly tlsBootstrapTimeoutMs: number;
}

/** What a join starts from: what it is asked to do, and the identity of this node that it is to replace. */
export interface JoinStart extends JoinRequest {
	readonly replaces?: NodeIdentity | undefined;
}

export interface JoinFlags {
	readonly token?: string;
	readonly discoveryToken?: string;
	readonly tlsBootstrapToken?: string;
	readonly discoveryTokenCaCertHash?: readonly string[];
	readonly discoveryTokenUnsafeSkipCaVerification?: boolean;
	readonly nodeName?: string;
	readonly criSocket?: string;
	readonly config?: string;
}

const defaults = {
	criSocket: 'unix:///var/run/containerd/containerd.sock',
	discoveryTimeoutMs: 5 * 60_000,
	tlsBootstrapTimeoutMs: 5 * 60_000,
};

/**
 * @param endpoint  the argument of `join`, or undefined
 * @throws JOIN_ARGUMENTS_INVALID  the flags contradict each other, or the file cannot be read or has a field that is not known
 */
export async function readJoinRequest(endpoint: string | undefined, flags: JoinFlags): Promise<JoinRequest> {
	const { config } = flags;
	const mixed = Object.entries({
		endpoint,
		token: flags.token,
		'discovery-token': flags.discoveryToken,
		'tls-bootstrap-token': flags.tlsBootstrapToken,
		'discovery-token-ca-cert-hash': flags.discoveryTokenCaCertHash,
		'discovery-token-unsafe-skip-ca-verification': flags.discoveryTokenUnsafeSkipCaVerification,
	}).flatMap(([name, value]) => (value === undefined ? [] : [name]));
	if (config !== undefined && mixed.length > 0)
		refuse([`can not mix '--config' with arguments [${mixed.sort().join(' ')}]`]);
	const file = config === undefined ? {} : await readJoinConfiguration(config);
	const token = flags.discoveryToken ?? flags.token ?? file.token ?? '';
	return {
		endpoint: endpoint ?? file.endpoint ?? '',
		token,
		tlsBootstrapToken: flags.tlsBootstrapToken ?? flags.token ?? file.tlsBootstrapToken ?? token,
		caCertHashes: flags.discoveryTokenCaCertHash ?? file.caCertHashes ?? [],
		unsafeSkipCaVerification: flags.discoveryTokenUnsafeSkipCaVerification ?? file.unsafeSkipCaVerification ?? false,
		nodeName: (flags.nodeName ?? file.nodeName ?? hostname()).trim().toLowerCase(),
		criSocket: flags.criSocket ?? file.criSocket ?? defaults.criSocket,
		discoveryTimeoutMs: file.discoveryTimeoutMs ?? defaults.discoveryTimeoutMs,
		tlsBootstrapTimeoutMs: file.tlsBootstrapTimeoutMs ?? defaults.tlsBootstrapTimeoutMs,
	};
}

async function readJoinConfiguration(path: string): Promise<Partial<JoinRequest>> {
	const text = await readFile(path, 'utf8').catch((error: unknown) =>
		refuse([`unable to read config from "${path}": ${causeText(error)}`]),
	);
	return parseJoinConfiguration(text, path);
}

/** @throws JOIN_ARGUMENTS_INVALID  every problem at once */
export function parseJoinConfiguration(text: string, path: string): Partial<JoinRequest> {
	const problems: string[] = [];
	const document = new Section(parseYaml(text, path), '', problems);
	if (document.text('apiVersion') !== 'kubeadm.k8s.io/v1beta4' || document.text('kind') !== 'JoinConfiguration') {
		refuse([`${path} is not a JoinConfiguration of kubeadm.k8s.io/v1beta4`]);
	}
	const discovery = document.section('discovery');
	const bootstrapToken = discovery.section('bootstrapToken');
	const registration = document.section('nodeRegistration');
	const timeouts = document.section('timeouts');
	const found = {
		endpoint: bootstrapToken.text('apiServerEndpoint'),
		token: bootstrapToken.text('token'),
		caCertHashes: bootstrapToken.texts('caCertHashes'),
		unsafeSkipCaVerification: bootstrapToken.flag('unsafeSkipCAVerification'),
		tlsBootstrapToken: discovery.text('tlsBootstrapToken'),
		nodeName: registration.text('name'),
		criSocket: registration.text('criSocket'),
		discoveryTimeoutMs: timeouts.duration('discovery'),
		tlsBootstrapTimeoutMs: timeouts.duration('tlsBootstrap'),
	};
	for (const section of [document, discovery, bootstrapToken, registration, timeouts]) section.refuseTheRest();
	if (problems.length > 0) refuse(problems.map((problem) => `${path}: ${problem}`));
	return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** A map of the file; what is wrong with it is collected, and a field that nobody asked for is a problem. */
class Section {
	readonly #fields: Readonly<Record<string, unknown>>;
	readonly #where: string;
	readonly #problems: string[];
	readonly #read = new Set<string>();

	constructor(value: unknown, where: string, problems: string[]) {
		this.#where = where;
		this.#problems = problems;
		const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
		if (!isMap && value !== undefined && value !== null) problems.push(`${where || 'the document'} is not a map`);
		this.#fields = isMap ? (value as Record<string, unknown>) : {};
	}
	#take(field: string): unknown {
		this.#read.add(field);
		return Object.hasOwn(this.#fields, field) ? (this.#fields[field] ?? undefined) : undefined;
	}
	#at(field: string): string {
		return this.#where === '' ? field : `${this.#where}.${field}`;
	}
	section(field: string): Section {
		return new Section(this.#take(field), this.#at(field), this.#problems);
	}
	text(field: string): string | undefined {
		const value = this.#take(field);
		if (value === undefined || typeof value === 'string') return value;
		this.#problems.push(`${this.#at(field)} is not a text`);
		return undefined;
	}
	flag(field: string): boolean | undefined {
		const value = this.#take(field);
		if (value === undefined || typeof value === 'boolean') return value;
		this.#problems.push(`${this.#at(field)} is neither true nor false`);
		return undefined;
	}
	texts(field: string): string[] | undefined {
		const value = this.#take(field);
		if (value === undefined) return undefined;
		if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
		this.#problems.push(`${this.#at(field)} is not a list of texts`);
		return undefined;
	}
	/** Milliseconds. */
	duration(field: string): number | undefined {
		const value = this.text(field);
		if (value === undefined) return undefined;
		try {
			return parseGoDuration(value);
		} catch (error) {
			this.#problems.push(`${this.#at(field)}: ${causeText(error)}`);
			return undefined;
		}
	}
	refuseTheRest(): void {
		for (const field of Object.keys(this.#fields))
			if (!this.#read.has(field)) this.#problems.push(`unknown field "${this.#at(field)}"`);
	}
}

function parseYaml(text: string, path: string): unknown {
	try {
		return parse(text, { maxAliasCount: 0, logLevel: 'error', prettyErrors: false });
	} catch (error) {
		return refuse([`${path}: ${causeText(error)}`]);
	}
}

function refuse(problems: readonly string[]): never {
	throw new KubejoinError('JOIN_ARGUMENTS_INVALID', { problems });
}
