/**
 * The volumes of a pod.
 *
 * @source pkg/apis/core/validation ValidateVolumes, release 1.37
 * @differs the template of the claim of an ephemeral volume is not checked, because claims are not served; of an Azure
 *   disk, a Quobyte registry and a trust bundle the form is not
 */
import type { FieldProblem } from '../../../../lib/errors.ts';
import { labelProblems, subdomainProblems } from '../../../../lib/kube/names.ts';
import {
	duplicate,
	forbiddenField,
	invalid,
	notSupported,
	required,
	tooLong,
} from '../../../../lib/kube/object-meta.ts';
import { compareAmounts } from '../../../../lib/kube/resource-list.ts';
import { fieldReference, resourceField } from './environment.ts';
import {
	all,
	collected,
	each,
	type Fields,
	fields,
	fieldsOf,
	fileMode,
	inRange,
	isSet,
	listOf,
	localPath,
	noBacksteps,
	number,
	numberOf,
	oneOf,
	optional,
	present,
	presentAnd,
	type Rule,
	relativePath,
	text,
	textOf,
} from './rule.ts';

const hostPathTypes = [
	...['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'],
];
const pullPolicy = oneOf('Always', 'IfNotPresent', 'Never');

const path = all(present, localPath);
const keyToPath = fields({ key: present, path, mode: optional(fileMode) });
const items = each(keyToPath);

/** The fields of a pod that a volume can show. */
const shownFields = ['annotations', 'labels', 'name', 'namespace', 'uid'].map((name) => `metadata.${name}`);
const shownField = fieldReference(shownFields);
/** Upstream's paths of an item have no index. */
const downwardFile: Rule = (value, at) => {
	const { path: file, mode, fieldRef, resourceFieldRef } = fieldsOf(value);
	const both = 'fieldRef and resourceFieldRef can not be specified simultaneously';
	return [
		...path(file, `${at}.path`),
		...(isSet(fieldRef)
			? [...shownField(fieldRef, `${at}.fieldRef`), ...(isSet(resourceFieldRef) ? [invalid(at, 'resource', both)] : [])]
			: isSet(resourceFieldRef)
				? resourceField(true)(resourceFieldRef, `${at}.resourceFieldRef`)
				: [required(at, 'one of fieldRef and resourceFieldRef is required')]),
		...optional(fileMode)(mode, `${at}.mode`),
	];
};
const downwardFiles: Rule = (value, at) => collected(listOf(value), (file) => downwardFile(file, at));

const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;
const tokenSeconds = all(
	number((value) => value >= MIN_TOKEN_SECONDS, 'may not specify a duration less than 10 minutes'),
	number((value) => value <= MAX_TOKEN_SECONDS, 'may not specify a duration larger than 2^32 seconds'),
);

const named = fields({ name: present, items });
const trustBundle: Rule = (value, at) => {
	const { name, signerName, labelSelector } = fieldsOf(value);
	const problems =
		isSet(name) && isSet(signerName)
			? [invalid(at, value, 'only one of name and signerName may be used')]
			: isSet(name) || isSet(signerName)
				? isSet(name) && isSet(labelSelector)
					? [invalid(`${at}.labelSelector`, labelSelector, 'labelSelector must be unset if name is specified')]
					: []
				: [required(at, 'either name or signerName must be specified')];
	return [...problems, ...fields({ path })(value, at)];
};
const tokenPath = presentAnd(localPath);

/** The kinds of a source, and the paths of its files, in upstream's order. */
const sourceRules: Readonly<Record<string, Rule>> = {
	secret: named,
	configMap: named,
	downwardAPI: (value, at) => downwardFiles(fieldsOf(value).items, at),
	serviceAccountToken: fields({ expirationSeconds: tokenSeconds }),
	clusterTrustBundle: trustBundle,
};
const itemKinds = ['secret', 'configMap', 'downwardAPI'];

/** A file that an earlier source has. Upstream reports it at the volume, with the name of the source. */
function repeatedFiles(kind: string, source: Fields, at: string, seen: Set<string>): FieldProblem[] {
	const files = itemKinds.includes(kind)
		? listOf(source.items).map((item) => textOf(fieldsOf(item).path))
		: kind === 'clusterTrustBundle'
			? [textOf(source.path)]
			: [];
	return collected(files, (file) => {
		if (file === '' && kind !== 'clusterTrustBundle') return [];
		const value = kind === 'secret' || kind === 'configMap' ? textOf(source.name) : file;
		if (seen.has(file)) return [invalid(at, value, 'conflicting duplicate paths')];
		seen.add(file);
		return [];
	});
}

const projected: Rule = (value, at) => {
	const { defaultMode, sources } = fieldsOf(value);
	const seen = new Set<string>();
	const problems = optional(fileMode)(defaultMode, `${at}.defaultMode`);
	for (const [index, source] of listOf(sources).entries()) {
		const from = `${at}.sources[${index}]`;
		const kinds = Object.keys(sourceRules).filter((kind) => isSet(fieldsOf(source)[kind]));
		for (const kind of kinds) {
			const part = fieldsOf(fieldsOf(source)[kind]);
			problems.push(...(sourceRules[kind]?.(part, `${from}.${kind}`) ?? []));
			if (kind === 'serviceAccountToken') problems.push(...tokenPath(part.path, `${at}.path`));
			problems.push(...repeatedFiles(kind, part, at, seen));
		}
		if (kinds.length > 1) problems.push(forbiddenField(from, 'may not specify more than 1 volume type per source'));
	}
	return problems;
};

const emptyDir: Rule = (value, at) => {
	const { sizeLimit } = fieldsOf(value);
	if (!isSet(sizeLimit) || compareAmounts(textOf(sizeLimit), '0') >= 0) return [];
	return [forbiddenField(`${at}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')];
};
const hostPath: Rule = (value, at) => {
	const { path: onHost, type } = fieldsOf(value);
	if (textOf(onHost) === '') return [required(`${at}.path`)];
	return [
		...noBacksteps(onHost, `${at}.path`),
		...(hostPathTypes.includes(textOf(type)) ? [] : [notSupported(`${at}.type`, type, hostPathTypes)]),
	];
};
const absolutePath: Rule = (value, at) => [
	...present(value, at),
	...(textOf(value).startsWith('/') ? [] : [invalid(at, textOf(value), 'must be an absolute path')]),
];
const MAX_DRIVER_NAME = 63;
const driverName: Rule = (value, at) => {
	const name = textOf(value);
	if (name === '') return [required(at)];
	return [
		...(name.length > MAX_DRIVER_NAME ? [tooLong(at, MAX_DRIVER_NAME)] : []),
		...subdomainProblems(name.toLowerCase()).map((detail) => invalid(at, name, detail)),
	];
};
const csi: Rule = (value, at) => {
	const { driver, nodePublishSecretRef } = fieldsOf(value);
	const { name } = fieldsOf(nodePublishSecretRef);
	return [
		...driverName(driver, `${at}.driver`),
		...(!isSet(nodePublishSecretRef)
			? []
			: textOf(name) === ''
				? [required(`${at}.nodePublishSecretRef.name`)]
				: // Upstream's path.
					text(subdomainProblems)(name, `${at}.name`)),
	];
};
const MAX_LUN = 255;
const iqnForms: Readonly<Record<string, RegExp>> = {
	iqn: /^iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+:[^,;*&$|\s]+$/,
	eui: /^eui.[A-Za-z0-9]{16}$/,
	naa: /^naa.[A-Za-z0-9]{32}$/,
};
const iqn: Rule = (value, at) => {
	const name = textOf(value);
	const form = iqnForms[name.slice(0, 3)];
	if (form === undefined) return [invalid(at, name, 'must be valid format starting with iqn, eui, or naa')];
	return form.test(name) ? [] : [invalid(at, name, 'must be valid format')];
};
const iscsi: Rule = (value, at) => {
	const { chapAuthDiscovery, chapAuthSession, secretRef, initiatorName } = fieldsOf(value);
	const needsSecret = (chapAuthDiscovery === true || chapAuthSession === true) && !isSet(secretRef);
	return [
		...fields({ targetPortal: present, iqn: presentAnd(iqn), lun: inRange(0, MAX_LUN) })(value, at),
		...(needsSecret ? [required(`${at}.secretRef`)] : []),
		...optional(iqn)(initiatorName, `${at}.initiatorname`),
	];
};
const fc: Rule = (value, at) => {
	const { targetWWNs, wwids, lun } = fieldsOf(value);
	const [hasNames, hasIds] = [listOf(targetWWNs).length > 0, listOf(wwids).length > 0];
	const names = `${at}.targetWWNs`;
	return [
		...(hasNames || hasIds ? [] : [required(names, 'must specify either targetWWNs or wwids, but not both')]),
		...(hasNames && hasIds
			? [invalid(names, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously')]
			: []),
		...(!hasNames
			? []
			: isSet(lun)
				? inRange(0, MAX_LUN)(lun, `${at}.lun`)
				: [required(`${at}.lun`, 'lun is required if targetWWNs is specified')]),
	];
};
const flocker: Rule = (value, at) => {
	const { datasetName, datasetUUID } = fieldsOf(value);
	const [name, uuid] = [textOf(datasetName), textOf(datasetUUID)];
	return [
		...(name === '' && uuid === '' ? [required(at, 'one of datasetName and datasetUUID is required')] : []),
		...(name !== '' && uuid !== ''
			? [invalid(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously')]
			: []),
		...(name.includes('/') ? [invalid(`${at}.datasetName`, name, "must not contain '/'")] : []),
	];
};
const partition: Rule = (value, at) =>
	numberOf(value) >= 0 && numberOf(value) <= 255
		? []
		: [invalid(at, numberOf(value), 'must be between 1 and 255, inclusive')];

const PAIRS = 'must be a host:port pair or multiple pairs separated by commas';
const quobyte: Rule = (value, at) => {
	const { registry, volume } = fieldsOf(value);
	return [...(textOf(registry) === '' ? [required(`${at}.registry`, PAIRS)] : []), ...present(volume, `${at}.volume`)];
};

interface SourceRule {
	readonly rule: Rule;
	/** The names that upstream's paths have, if they are not that of the field. */
	readonly at?: string;
	readonly twiceAt?: string;
}
const rows: Readonly<Record<string, SourceRule>> = {
	emptyDir: { rule: emptyDir },
	hostPath: { rule: hostPath },
	gitRepo: { rule: fields({ repository: present, directory: relativePath }) },
	gcePersistentDisk: { rule: fields({ pdName: present, partition }), at: 'persistentDisk' },
	awsElasticBlockStore: { rule: fields({ volumeID: present, partition }) },
	secret: { rule: fields({ secretName: present, defaultMode: optional(fileMode), items }) },
	nfs: { rule: fields({ server: present, path: absolutePath }) },
	iscsi: { rule: iscsi },
	glusterfs: { rule: fields({ endpoints: present, path: present }) },
	flocker: { rule: flocker },
	persistentVolumeClaim: { rule: fields({ claimName: present }) },
	rbd: { rule: (value, at) => [...listed('monitors')(value, at), ...fields({ image: present })(value, at)] },
	cinder: { rule: fields({ volumeID: present }) },
	cephfs: { rule: (value, at) => listed('monitors')(value, at), twiceAt: 'cephFS' },
	quobyte: { rule: quobyte },
	downwardAPI: {
		rule: (value, at) => [
			...fields({ defaultMode: optional(fileMode) })(value, at),
			...downwardFiles(fieldsOf(value).items, at),
		],
		twiceAt: 'downwarAPI',
	},
	fc: { rule: fc },
	flexVolume: { rule: fields({ driver: present }) },
	configMap: { rule: fields({ name: present, defaultMode: optional(fileMode), items }) },
	azureFile: { rule: fields({ secretName: present, shareName: present }) },
	vsphereVolume: { rule: fields({ volumePath: present }) },
	photonPersistentDisk: { rule: fields({ pdID: present }) },
	portworxVolume: { rule: fields({ volumeID: present }) },
	azureDisk: { rule: fields({ diskName: present, diskURI: present }) },
	storageos: { rule: fields({ volumeName: present }) },
	projected: { rule: projected },
	scaleIO: { rule: fields({ gateway: present, system: present, volumeName: present }) },
	csi: { rule: csi },
	ephemeral: {
		rule: (value, at) => (isSet(fieldsOf(value).volumeClaimTemplate) ? [] : [required(`${at}.volumeClaimTemplate`)]),
	},
	image: { rule: fields({ reference: present, pullPolicy }) },
};
function listed(name: string): Rule {
	return (value, at) => (listOf(fieldsOf(value)[name]).length === 0 ? [required(`${at}.${name}`)] : []);
}

function sourceProblems(volume: Fields, at: string): FieldProblem[] {
	const kinds = Object.entries(rows).filter(([kind]) => isSet(volume[kind]));
	if (kinds.length === 0 && Object.keys(volume).every((name) => name === 'name'))
		return [required(at, 'must specify a volume type')];
	return kinds.flatMap(([kind, { rule, at: under = kind, twiceAt = kind }], index) =>
		index === 0
			? rule(volume[kind], `${at}.${under}`)
			: [forbiddenField(`${at}.${twiceAt}`, 'may not specify more than 1 volume type')],
	);
}

/** @returns the problems, and the valid volumes by name: a container can mount no other one */
export function volumeProblems(value: unknown, at: string, podName: string) {
	const list = listOf(value).map(fieldsOf);
	const valid = new Map<string, Fields>();
	const created = new Set(
		list.filter(({ ephemeral }) => isSet(ephemeral)).map(({ name }) => `${podName}-${textOf(name)}`),
	);
	const problems = collected(list, (volume, index) => {
		const [path, name] = [`${at}[${index}]`, textOf(volume.name)];
		const claim = textOf(fieldsOf(volume.persistentVolumeClaim).claimName);
		const ofVolume = [
			...sourceProblems(volume, path),
			...presentAnd(text(labelProblems))(name, `${path}.name`),
			...(valid.has(name) ? [duplicate(`${path}.name`, name)] : []),
		];
		if (ofVolume.length === 0) valid.set(name, volume);
		if (podName !== '' && claim !== '' && created.has(claim))
			ofVolume.push(
				invalid(
					`${path}.persistentVolumeClaim.claimName`,
					claim,
					'must not reference a PVC that gets created for an ephemeral volume',
				),
			);
		return ofVolume;
	});
	return { problems, valid };
}
