/**
 * Parses a JoinConfiguration file. A field that changes the cluster or the identity of the node is used or refused by
 * name. A field that is empty or has no effect here is ignored with a warning, because kubeadm prints all fields.
 *
 * @source kubeadm apis/kubeadm/v1beta4 JoinConfiguration
 */
import { causeText, KubejoinError } from '../../../lib/errors.ts';
import { readBytes } from '../../../lib/files.ts';
import { isJsonObject } from '../../../lib/json-object.ts';
import { parseGoDuration } from '../../../lib/kube/duration.ts';
import { limits } from '../../../lib/limits.ts';
import { quoteInput } from '../../../lib/text.ts';
import { readYaml, type YamlDocument, type YamlProblem } from '../../../lib/yaml.ts';

/** The request before its validation. */
export interface JoinRequest {
	/** One, unless the request is invalid. */
	readonly discoversBy: readonly ('token' | 'file')[];
	/** A path, or an https URL; empty for discovery by token. */
	readonly discoveryFile: string;
	/** `host:port` */
	readonly endpoint: string;
	readonly token: string;
	/** The token for the CSR; it can differ from the token for discovery. */
	readonly tlsBootstrapToken: string;
	readonly caCertHashes: readonly string[];
	/** Pins are optional; pins that are given are compared. */
	readonly unsafeSkipCaVerification: boolean;
	readonly nodeName: string;
	readonly criSocket: string;
	/** Names of phases, or of groups of phases. */
	readonly skippedPhases: readonly string[];
	/** Make all checks and change nothing. */
	readonly isDryRun: boolean;
	readonly discoveryTimeoutMs: number;
	readonly tlsBootstrapTimeoutMs: number;
}

export interface JoinConfiguration {
	readonly request: Partial<JoinRequest>;
	/** Lines to print before the join. */
	readonly warnings: readonly string[];
}

const wantedVersion = 'kubeadm.k8s.io/v1beta4';
const kind = 'JoinConfiguration';

/** @throws JOIN_ARGUMENTS_INVALID */
export function readJoinConfiguration(path: string): JoinConfiguration {
	try {
		return parseJoinConfiguration(readBytes(path, limits.yamlBytes.value), path);
	} catch (error) {
		if (error instanceof KubejoinError) throw error;
		return refuse([`unable to read config from "${path}": ${causeText(error)}`]);
	}
}

/** @throws JOIN_ARGUMENTS_INVALID  every problem at once */
export function parseJoinConfiguration(input: string | Uint8Array, path: string): JoinConfiguration {
	const refuseYaml = ({ text, remedy }: YamlProblem): never => refuse([`${path}: ${text}`], remedy);
	const { document, warnings } = joinDocument(readYaml(input, { refuse: refuseYaml }), path);
	const problems: string[] = [];
	const ignored: string[] = [];
	const unknown: string[] = [];
	const root = new Section(document, [], { problems, ignored, unknown });
	const discovery = root.section('discovery');
	const bootstrapToken = discovery.section('bootstrapToken');
	const file = discovery.section('file');
	const registration = root.section('nodeRegistration');
	const timeouts = root.section('timeouts');
	const found = {
		endpoint: bootstrapToken.text('apiServerEndpoint') ?? (bootstrapToken.isGiven ? '' : undefined),
		discoveryFile: file.text('kubeConfigPath'),
		token: bootstrapToken.text('token'),
		caCertHashes: bootstrapToken.texts('caCertHashes'),
		unsafeSkipCaVerification: bootstrapToken.flag('unsafeSkipCAVerification'),
		tlsBootstrapToken: discovery.text('tlsBootstrapToken'),
		skippedPhases: root.texts('skipPhases'),
		isDryRun: root.flag('dryRun'),
		nodeName: registration.text('name'),
		criSocket: registration.text('criSocket'),
		discoveryTimeoutMs: timeouts.duration('discovery'),
		tlsBootstrapTimeoutMs: timeouts.duration('tlsBootstrap'),
	};
	const caCertPath = root.text('caCertPath') ?? defaultCaCertPath;
	if (caCertPath !== defaultCaCertPath)
		root.refuse('caCertPath', `only ${defaultCaCertPath}, below --root, is written`);
	for (const field of ['apiVersion', 'kind', 'patches']) root.ignore(field);
	for (const field of ['imagePullPolicy', 'imagePullSerial']) registration.ignore(field);
	for (const field of timeoutsWithoutEffect) timeouts.ignore(field);
	for (const section of [root, discovery, bootstrapToken, file, registration, timeouts]) section.refuseTheRest();
	if (problems.length > 0) refuse(problems.map((problem) => `${path}: ${problem}`));
	const given = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
	const fields = ignored.filter((field) => !['apiVersion', 'kind'].includes(field));
	if (unknown.length > 0)
		warnings.push(
			'[config] WARNING: error unmarshaling configuration schema.GroupVersionKind{Group:"kubeadm.k8s.io", ' +
				`Version:"v1beta4", Kind:"${kind}"}: strict decoding error: ` +
				unknown.map((field) => `unknown field ${quoteInput(field, 64)}`).join(', '),
		);
	if (fields.length > 0)
		warnings.push(
			`[config] WARNING: Ignored fields that have no effect here: ${fields.slice(0, MAX_LISTED).join(', ')}`,
		);
	return { request: given, warnings };
}

/** Listed problems and fields of one file; each needs a search for its line. */
const MAX_LISTED = 32;
const defaultCaCertPath = '/etc/kubernetes/pki/ca.crt';
/** Timeouts of components that do not exist here. */
const timeoutsWithoutEffect = [
	'controlPlaneComponentHealthCheck',
	'etcdAPICall',
	'kubeletHealthCheck',
	'kubernetesAPICall',
	'upgradeManifests',
];
/** The reason for refusing a field. */
const reasons: ReadonlyMap<string, string> = new Map([
	['controlPlane', 'a node cannot join as a control plane'],
	['nodeRegistration.taints', 'a node registers without taints'],
	['nodeRegistration.kubeletExtraArgs', 'no kubelet runs here'],
	['nodeRegistration.ignorePreflightErrors', 'preflight errors cannot be waived'],
]);

/** Finds the only JoinConfiguration of a file. @source kubeadm util/config SplitConfigDocuments */
function joinDocument(
	documents: readonly YamlDocument[],
	path: string,
): { document: YamlDocument; warnings: string[] } {
	const warnings: string[] = [];
	const others: string[] = [];
	const kinds = new Set<string>();
	let found: YamlDocument | undefined;
	for (const document of documents) {
		if (document.value === null || document.value === undefined) continue;
		if (!isJsonObject(document.value)) refuse([`${path}: the document is not a map`]);
		const { apiVersion, kind: documentKind } = document.value as Readonly<Record<string, unknown>>;
		if (!isText(apiVersion) || !isText(documentKind)) {
			const version = isText(apiVersion) ? quoteInput(apiVersion, 64) : '/';
			const found = `GroupVersionKind ${version}, Kind=${isText(documentKind) ? quoteInput(documentKind, 64) : ''}`;
			const problem = 'kind and apiVersion is mandatory information that must be specified';
			return refuse(
				[`${path}: invalid configuration for ${found}: ${problem}`],
				`Begin the document with apiVersion: ${wantedVersion} and kind: ${kind}`,
			);
		}
		const name = `${cut(apiVersion)}, Kind=${cut(documentKind)}`;
		if (kinds.has(documentKind))
			refuse(
				[`${path}: invalid configuration: kind ${quoteInput(documentKind, 64)} is specified twice in YAML file`],
				`Keep one document of kind ${cut(documentKind)} in the file`,
			);
		kinds.add(documentKind);
		if (documentKind !== kind) {
			others.push(name);
			warnings.push(`[config] WARNING: Ignored configuration document with GroupVersionKind ${name}`);
			continue;
		}
		if (apiVersion !== wantedVersion) refuseVersion(apiVersion, path);
		found = document;
	}
	if (found !== undefined) return { document: found, warnings };
	const what = others.length === 0 ? 'it is empty' : `found ${others.slice(0, 4).join(' and ')}`;
	return refuse(
		[`${path}: no ${kind} found in the supplied config: ${what}`],
		'Write one with: kubeadm config print join-defaults; or use the flags of kubelet-sim join',
	);
}

/** The last release of kubeadm that reads or converts each version. @source kubeadm util/config common.go */
const oldVersions: Readonly<Record<string, string>> = {
	v1alpha1: 'v1.11',
	v1alpha2: 'v1.12',
	v1alpha3: 'v1.14',
	v1beta1: 'v1.15',
	v1beta2: 'v1.22',
	v1beta3: 'v1.36',
};

/** @source kubeadm util/config validateSupportedVersion */
function refuseVersion(apiVersion: string, path: string): never {
	const [, version = ''] = /^kubeadm\.k8s\.io\/(.*)$/.exec(apiVersion) ?? [];
	const release = Object.hasOwn(oldVersions, version) ? oldVersions[version] : undefined;
	const spec = `${quoteInput(apiVersion, 64)} (kind: "${kind}")`;
	if (release !== undefined)
		return refuse(
			[
				`your configuration file uses an old API spec: ${spec}. Please use kubeadm ${release} instead and run ` +
					"'kubeadm config migrate --old-config old-config-file --new-config new-config-file', " +
					'which will write the new, similar spec using a newer API version.',
			],
			`Convert it: kubeadm config migrate --old-config ${path} --new-config new.yaml`,
		);
	return refuse(
		[
			version === 'v1'
				? `experimental API spec: ${spec} is not allowed. ` +
					'You can use the --allow-experimental-api flag if the command supports it.'
				: `no kind "${kind}" is registered for version ${quoteInput(apiVersion, 64)}`,
		],
		`Change apiVersion to ${wantedVersion}`,
	);
}

interface Findings {
	readonly problems: string[];
	readonly ignored: string[];
	readonly unknown: string[];
}

/** A map of the file. It collects its problems and its fields without effect. */
class Section {
	readonly #document: YamlDocument;
	readonly #path: readonly string[];
	readonly #findings: Findings;
	readonly #fields: Readonly<Record<string, unknown>>;
	readonly #read = new Set<string>();

	constructor(document: YamlDocument, path: readonly string[], findings: Findings, value: unknown = document.value) {
		this.#document = document;
		this.#path = path;
		this.#findings = findings;
		if (!isJsonObject(value) && value !== null && value !== undefined)
			findings.problems.push(`${this.#line(path)}${path.join('.')} is ${typeOf(value)}, not a map`);
		this.#fields = isJsonObject(value) ? value : {};
	}
	get isGiven(): boolean {
		return Object.keys(this.#fields).length > 0;
	}
	#line(path: readonly string[]): string {
		return `line ${this.#document.positionOf(path).line}: `;
	}
	#name(field: string): string {
		return cut([...this.#path, field].join('.'));
	}
	#take(field: string): unknown {
		this.#read.add(field);
		return Object.hasOwn(this.#fields, field) ? (this.#fields[field] ?? undefined) : undefined;
	}
	refuse(field: string, problem: string): undefined {
		this.#findings.problems.push(`${this.#line([...this.#path, field])}${this.#name(field)}: ${problem}`);
	}
	section(field: string): Section {
		return new Section(this.#document, [...this.#path, field], this.#findings, this.#take(field) ?? null);
	}
	/** Empty is absent, as in Go. */
	text(field: string): string | undefined {
		const value = this.#take(field);
		if (value === undefined || value === '') return undefined;
		if (isText(value)) return value;
		return this.refuse(field, `it is ${typeOf(value)}, not a string: put the value between double quotes`);
	}
	flag(field: string): boolean | undefined {
		const value = this.#take(field);
		if (value === undefined || typeof value === 'boolean') return value;
		return this.refuse(field, `it is ${typeOf(value)}, not true or false`);
	}
	texts(field: string): string[] | undefined {
		const value = this.#take(field);
		if (value === undefined) return undefined;
		if (!Array.isArray(value)) return this.refuse(field, `it is ${typeOf(value)}, not a list`);
		const wrong = value.find((item) => !isText(item));
		if (wrong === undefined) return value as string[];
		return this.refuse(field, `an item is ${typeOf(wrong)}, not a string: put it between double quotes`);
	}
	/** @returns milliseconds */
	duration(field: string): number | undefined {
		const value = this.text(field);
		try {
			return value === undefined ? undefined : parseGoDuration(value);
		} catch (error) {
			return this.refuse(field, causeText(error));
		}
	}
	ignore(field: string): void {
		if (this.#take(field) !== undefined) this.#findings.ignored.push(this.#name(field));
	}
	/** Refuses fields that kubejoin cannot apply, and reports fields that kubeadm does not have. */
	refuseTheRest(): void {
		for (const field of Object.keys(this.#fields)) {
			if (this.#findings.problems.length >= MAX_LISTED) return;
			if (this.#read.has(field)) continue;
			const name = this.#name(field);
			const reason = reasons.get(name);
			if (reason === undefined) {
				if (this.#findings.unknown.length < MAX_LISTED) this.#findings.unknown.push(name);
			} else if (isEmpty(this.#fields[field])) this.#findings.ignored.push(name);
			else this.#findings.problems.push(`${this.#line([...this.#path, field])}${name}: Forbidden: ${reason}`);
		}
	}
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isEmpty = (value: unknown): boolean =>
	value === null ||
	value === '' ||
	value === false ||
	(Array.isArray(value) && value.length === 0) ||
	(isJsonObject(value) && Object.keys(value).length === 0);

function typeOf(value: unknown): string {
	if (value === null || value === undefined) return 'empty';
	if (Array.isArray(value)) return 'a list';
	return typeof value === 'object' ? 'a map' : `a ${typeof value}`;
}

/** The start of a long name. */
const cut = (text: string): string => quoteInput(text, 128).slice(1, -1);

function refuse(problems: readonly string[], remedy?: string): never {
	throw new KubejoinError('JOIN_ARGUMENTS_INVALID', { problems, remedy });
}
