/**
 * Warnings about the contents of a pod or template.
 *
 * @source pkg/api/pod/warnings.go, release 1.37
 */
import { parseQuantity } from '../../../../lib/codec/quantity.ts';
import { labelProblems } from '../../../../lib/kube/names.ts';
import type { Pod, PodSpec } from '../../../../lib/kube/pod.ts';
import { isWhole } from '../../../../lib/kube/resource-quota.ts';
import type { ObjectMeta } from '../../../../lib/kube/types.ts';
import { ipWarnings } from '../field-rules.ts';
import { labelWarning, nodeTermWarnings } from '../node-labels.ts';
import { overlapsOf } from './overlaps.ts';
import { type Annotations, appArmorWarning, SECCOMP_OF, SECCOMP_POD } from './profiles.ts';
import { containersOf, type Fields, fieldsOf, isSet, listOf, numberOf, textOf } from './rule.ts';

type Texts = Generator<string, void, undefined>;

export function* newPodWarnings({ metadata, spec }: Pod): Texts {
	const problems = labelProblems(metadata.name ?? '');
	if (problems.length > 0)
		yield "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; " +
			`a DNS label is recommended: [${problems.join(' ')}]`;
	yield* podWarnings(spec ?? {}, metadata, '');
}

/** @param prefix  of the paths: `template.` for a template */
export function* podWarnings(podSpec: PodSpec, metadata: Pick<ObjectMeta, 'annotations'>, prefix: string): Texts {
	const spec = fieldsOf(podSpec);
	const [at, annotations] = [`${prefix}spec`, metadata.annotations ?? {}];
	yield* placementWarnings(spec, at);
	yield* annotationWarnings(annotations, `${prefix}metadata.annotations`);
	yield* volumeWarnings(spec, at);
	yield* pathWarnings(spec);
	yield* repeatedTexts(spec.hostAliases, 'ip', `${at}.hostAliases`);
	yield* repeatedTexts(spec.imagePullSecrets, 'name', `${at}.imagePullSecrets`);
	for (const [index, secret] of listOf(spec.imagePullSecrets).entries())
		if (textOf(fieldsOf(secret).name) === '') yield `${at}.imagePullSecrets[${index}].name: invalid empty name ""`;
	yield* fractionWarnings(spec.overhead, `${at}.overhead`);
	if (!isSet(fieldsOf(spec.securityContext).seccompProfile))
		yield* seccompWarning(annotations, SECCOMP_POD, `${prefix}metadata.annotations`);
	const containers = containersOf(spec, at);
	for (const [container, path] of containers) {
		if (!isSet(fieldsOf(container.securityContext).seccompProfile))
			yield* seccompWarning(annotations, `${SECCOMP_OF}${textOf(container.name)}`, `${prefix}metadata.annotations`);
		// A new pod has the fields of its annotations, and the warnings about them, already.
		if (prefix !== '') yield* appArmorWarning(container, spec, annotations, `${prefix}metadata.annotations`);
		yield* fractionWarnings(fieldsOf(container.resources).limits, `${path}.resources.limits`, 'memory');
		yield* fractionWarnings(fieldsOf(container.resources).requests, `${path}.resources.requests`, 'memory');
		yield* fractionWarnings(fieldsOf(container.resources).limits, `${path}.resources.limits`, STORAGE);
		yield* fractionWarnings(fieldsOf(container.resources).requests, `${path}.resources.requests`, STORAGE);
		yield* hiddenVariables(container, `${path}.env`);
	}
	yield* portWarnings(containers);
	yield* portNameWarnings(containers);
	if (numberOf(spec.terminationGracePeriodSeconds) < 0)
		yield `${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`;
	yield* podAffinityWarnings(spec, `${at}.affinity`);
	yield* addressWarnings(spec, at);
}

function* placementWarnings(spec: Fields, at: string): Texts {
	for (const key of Object.keys(fieldsOf(spec.nodeSelector))) {
		const message = labelWarning(key);
		if (message !== undefined) yield `${at}.nodeSelector[${key}]: ${message}`;
	}
	const affinity = fieldsOf(fieldsOf(spec.affinity).nodeAffinity);
	const [required, preferred] = [
		'requiredDuringSchedulingIgnoredDuringExecution',
		'preferredDuringSchedulingIgnoredDuringExecution',
	];
	const under = `${at}.affinity.nodeAffinity`;
	for (const [index, term] of listOf(fieldsOf(affinity[required]).nodeSelectorTerms).entries())
		yield* nodeTermWarnings(term, `${under}.${required}.nodeSelectorTerms[${index}]`, false);
	for (const [index, term] of listOf(affinity[preferred]).entries())
		yield* nodeTermWarnings(fieldsOf(term).preference, `${under}.${preferred}[${index}].preference`, true);
	for (const [index, constraint] of listOf(spec.topologySpreadConstraints).entries()) {
		const path = `${at}.topologySpreadConstraints[${index}]`;
		const key = textOf(fieldsOf(constraint).topologyKey);
		const message = labelWarning(key);
		if (message !== undefined) yield `${path}.topologyKey: ${key} is ${message}`;
		if (!isSet(fieldsOf(constraint).labelSelector)) yield `${path}.labelSelector: ${MATCHES_NONE}`;
	}
}
const MATCHES_NONE = 'a null labelSelector results in matching no pod';

const SYSCTLS = 'non-functional in v1.11+; use the "sysctls" field instead';
const deprecatedAnnotations = {
	'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
	'security.alpha.kubernetes.io/sysctls': SYSCTLS,
	'security.alpha.kubernetes.io/unsafe-sysctls': SYSCTLS,
} as const;

function* annotationWarnings(annotations: Annotations, at: string): Texts {
	for (const [key, message] of Object.entries(deprecatedAnnotations))
		if (Object.hasOwn(annotations, key)) yield `${at}[${key}]: ${message}`;
}

function* seccompWarning(annotations: Annotations, key: string, at: string): Texts {
	if (Object.hasOwn(annotations, key))
		yield `${at}[${key}]: non-functional in v1.27+; use the "seccompProfile" field instead`;
}

const deprecatedVolumes: Readonly<Record<string, string>> = {
	photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
	gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
	scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
	flocker: 'deprecated in v1.22, non-functional in v1.25+',
	storageos: 'deprecated in v1.22, non-functional in v1.25+',
	quobyte: 'deprecated in v1.22, non-functional in v1.25+',
	glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
	cephfs: 'deprecated in v1.28, non-functional in v1.31+',
	rbd: 'deprecated in v1.28, non-functional in v1.31+',
};
function* volumeWarnings({ volumes }: Fields, at: string): Texts {
	for (const [index, volume] of listOf(volumes).entries())
		for (const [kind, message] of Object.entries(deprecatedVolumes)) {
			const name = kind === 'storageos' ? 'storageOS' : kind;
			if (isSet(fieldsOf(volume)[kind])) yield `${at}.volumes[${index}].${name}: ${message}`;
		}
}

interface SourcePath {
	readonly path: string;
	/** Of a projected volume, where the file comes from. */
	readonly source: string;
}
const itemPaths = (items: unknown, source: string): SourcePath[] =>
	listOf(items).map((item) => ({ path: textOf(fieldsOf(item).path), source }));
function* overlaps(sent: readonly SourcePath[]): Texts {
	const paths = sent.map(({ path }) => withoutSlashes(path));
	const shown = (at: number): string => {
		const source = sent[at]?.source ?? '';
		return `${JSON.stringify(paths[at])}${source === '' ? '' : ` (${source})`}`;
	};
	for (const [later, earlier] of overlapsOf(paths)) yield `${shown(later)} with ${shown(earlier)}`;
}
function withoutSlashes(path: string): string {
	let length = path.length;
	while (path[length - 1] === '/') length--;
	return path.slice(0, length);
}

function sourcePaths(source: Fields): SourcePath[] {
	const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
	const named = (kind: string, name: unknown) => `${kind} ${JSON.stringify(textOf(name))}`;
	const of = fieldsOf;
	if (isSet(of(configMap).items)) return itemPaths(of(configMap).items, named('ConfigMap', of(configMap).name));
	if (isSet(of(secret).items)) return itemPaths(of(secret).items, named('Secret', of(secret).name));
	if (isSet(of(downwardAPI).items)) return itemPaths(of(downwardAPI).items, 'DownwardAPI');
	if (isSet(serviceAccountToken))
		return [{ path: textOf(of(serviceAccountToken).path), source: 'ServiceAccountToken' }];
	if (!isSet(clusterTrustBundle)) return [];
	const { name, signerName, path } = of(clusterTrustBundle);
	return [{ path: textOf(path), source: named('ClusterTrustBundle', name ?? signerName) }];
}

function* pathWarnings({ volumes }: Fields): Texts {
	for (const one of listOf(volumes)) {
		const { name, configMap, secret, downwardAPI, projected } = fieldsOf(one);
		const volume = `volume ${JSON.stringify(textOf(name))}`;
		const sources = listOf(fieldsOf(projected).sources).map(fieldsOf);
		const configName = JSON.stringify(textOf(fieldsOf(configMap).name));
		const secretName = JSON.stringify(textOf(fieldsOf(secret).secretName));
		const kinds: Readonly<Record<string, readonly SourcePath[]>> = {
			[`ConfigMap ${configName}`]: itemPaths(fieldsOf(configMap).items, ''),
			[`Secret ${secretName}`]: itemPaths(fieldsOf(secret).items, ''),
			DownwardAPI: itemPaths(fieldsOf(downwardAPI).items, ''),
		};
		for (const [kind, paths] of Object.entries(kinds))
			for (const overlap of overlaps(paths)) yield `${volume} (${kind}): overlapping paths: ${overlap}`;
		for (const source of sources)
			if (Object.keys(source).length === 0) yield `${volume} (Projected) has no sources provided`;
		for (const overlap of overlaps(sources.flatMap(sourcePaths)))
			yield `${volume} (Projected): overlapping paths: ${overlap}`;
	}
}

function* repeatedTexts(list: unknown, field: string, at: string): Texts {
	const seen = new Set<string>();
	for (const [index, one] of listOf(list).entries()) {
		const text = textOf(fieldsOf(one)[field]);
		if (seen.has(text)) yield `${at}[${index}].${field}: duplicate ${field} ${JSON.stringify(text)}`;
		seen.add(text);
	}
}

const STORAGE = 'ephemeral-storage';
function* fractionWarnings(list: unknown, at: string, only?: string): Texts {
	for (const name of only === undefined ? ['memory', STORAGE] : [only]) {
		const amount = fieldsOf(list)[name];
		if (isSet(amount) && !isWhole(textOf(amount))) {
			const value = JSON.stringify(parseQuantity(textOf(amount)).canonical);
			yield `${at}[${name}]: fractional byte value ${value} is invalid, must be an integer`;
		}
	}
}

/** A variable that is defined again, and does not read the earlier value. */
function* hiddenVariables({ env }: Fields, at: string): Texts {
	const seen = new Set<string>();
	for (const [index, variable] of listOf(env).entries()) {
		const { name: given, value, valueFrom } = fieldsOf(variable);
		const [name, text] = [textOf(given), textOf(value)];
		const reference = `$(${name})`;
		if (seen.has(name) && (isSet(valueFrom) || text === reference || !text.includes(reference)))
			yield `${at}[${index}]: hides previous definition of ${JSON.stringify(name)}, ` +
				'which may be dropped when using apply';
		seen.add(name);
	}
}

interface Port {
	readonly place: number;
	readonly path: string;
	readonly hostPort: number;
	readonly hostIp: string;
}
/** The ports of one number and protocol: each one finds those that it conflicts with. */
class SamePorts {
	readonly #lists = new Map<string, Port[]>();

	add(port: Port): void {
		const { hostPort, hostIp } = port;
		const host = hostIp === '' ? [] : [`${hostPort} with an address`];
		for (const key of ['all', `${hostPort}`, `${hostPort}/${hostIp}`, ...host]) {
			const list = this.#lists.get(key) ?? [];
			if (list.length < MAX_CONFLICTS) list.push(port);
			this.#lists.set(key, list);
		}
	}
	/** In the order in which they were added. */
	conflictsOf({ hostPort, hostIp }: Port): readonly Port[] {
		const of = (key: string): readonly Port[] => this.#lists.get(key) ?? [];
		if (hostPort === 0) return of('all');
		const others = of(hostIp === '' ? `${hostPort} with an address` : `${hostPort}/`);
		return [...of('0'), ...of(`${hostPort}/${hostIp}`), ...others].toSorted((a, b) => a.place - b.place);
	}
}
/** All warnings of an answer have 4 KiB, and one of these about a hundred bytes. */
const MAX_CONFLICTS = 50;

function* portWarnings(containers: readonly (readonly [Fields, string])[]): Texts {
	const known = new Map<string, SamePorts>();
	let place = 0;
	for (const [container, at] of containers)
		for (const [index, one] of listOf(container.ports).entries()) {
			const { name, hostPort, containerPort, protocol, hostIP } = fieldsOf(one);
			const path = `${at}.ports[${index}]`;
			const port = { place: place++, path, hostPort: numberOf(hostPort), hostIp: textOf(hostIP) };
			const number = numberOf(containerPort);
			if (port.hostIp !== '' && port.hostPort === 0)
				yield `${path}: hostIP set without hostPort: {Name:${textOf(name)} HostPort:0 ` +
					`ContainerPort:${number} Protocol:${textOf(protocol)} HostIP:${port.hostIp}}`;
			const key = `${number}/${textOf(protocol)}`;
			const same = known.get(key) ?? new SamePorts();
			for (const other of same.conflictsOf(port)) {
				const isEqual = port.hostIp === other.hostIp && port.hostPort === other.hostPort;
				const isRedundant = port.hostPort === 0 || other.hostPort === 0;
				const kind = isEqual ? 'duplicate' : isRedundant ? 'overlapping' : 'dangerously ambiguous';
				yield `${path}: ${kind} port definition with ${other.path}`;
			}
			same.add(port);
			known.set(key, same);
		}
}

function* portNameWarnings(containers: readonly (readonly [Fields, string])[]): Texts {
	const known = new Map<string, string>();
	for (const [container, at] of containers)
		for (const [index, port] of listOf(container.ports).entries()) {
			const [name, path] = [textOf(fieldsOf(port).name), `${at}.ports[${index}]`];
			const other = known.get(name);
			if (name !== '' && other !== undefined)
				yield `${path}: duplicate port name ${JSON.stringify(name)} with ${other}, ` +
					`services and probes that select ports by name will use ${other}`;
			else if (name !== '') known.set(name, path);
		}
}

function* podAffinityWarnings({ affinity }: Fields, at: string): Texts {
	for (const kind of ['podAffinity', 'podAntiAffinity']) {
		const {
			requiredDuringSchedulingIgnoredDuringExecution: must,
			preferredDuringSchedulingIgnoredDuringExecution: may,
		} = fieldsOf(fieldsOf(affinity)[kind]);
		for (const [index, term] of listOf(must).entries())
			if (!isSet(fieldsOf(term).labelSelector))
				yield `${at}.${kind}.requiredDuringSchedulingIgnoredDuringExecution[${index}].labelSelector: ${MATCHES_NONE}`;
		for (const [index, weighted] of listOf(may).entries())
			if (!isSet(fieldsOf(fieldsOf(weighted).podAffinityTerm).labelSelector))
				yield `${at}.${kind}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm.labelSelector: ` +
					MATCHES_NONE;
	}
}

function* addressWarnings({ dnsConfig, hostAliases }: Fields, at: string): Texts {
	for (const [index, server] of listOf(fieldsOf(dnsConfig).nameservers).entries())
		yield* ipWarnings(`${at}.dnsConfig.nameservers[${index}]`, textOf(server));
	for (const [index, alias] of listOf(hostAliases).entries())
		yield* ipWarnings(`${at}.hostAliases[${index}].ip`, textOf(fieldsOf(alias).ip));
}
