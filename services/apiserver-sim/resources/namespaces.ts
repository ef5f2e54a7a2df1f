/**
 * Namespaces. A deleted one is Terminating until the namespace controller has deleted its content and removed the
 * finalizer from its spec.
 *
 * @source pkg/registry/core/namespace/strategy.go, release 1.37
 */
import { labelProblems } from '../../../lib/kube/names.ts';
import { finalizerNameProblems, invalid } from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { Namespace } from '../../../lib/kube/types.ts';
import type { Strategy } from '../registry.ts';
import { qualifiedProblems } from './field-rules.ts';
import { kindStrategy } from './kind.ts';

/** Has the spec that `finalize` writes. */
const FINALIZER = 'kubernetes';
const NAME_LABEL = 'kubernetes.io/metadata.name';

/** @source pkg/apis/core/v1 SetDefaults_Namespace, and Canonicalize for a generated name */
function withNameLabel(namespace: Namespace): Namespace {
	const { name, labels } = namespace.metadata ?? {};
	if (!name) return namespace;
	return { ...namespace, metadata: { ...namespace.metadata, labels: { ...labels, [NAME_LABEL]: name } } };
}

const base = kindStrategy<Namespace>(resources.namespaces, {
	nameRule: labelProblems,
	fields: ({ status }) => ({ 'status.phase': status?.phase ?? '' }),
	setDefaults: withNameLabel,
	initialStatus: () => ({ phase: 'Active' }),
	// @source pkg/registry/core/namespace/storage Delete: it sets the time of the deletion alone.
	markDeleted: ({ metadata: { deletionGracePeriodSeconds: _none, ...metadata }, ...namespace }) => ({
		...{ ...namespace, metadata },
		status: { ...namespace.status, phase: 'Terminating' },
	}),
	isFinalizing: ({ spec }) => (spec?.finalizers ?? []).length > 0,
	validate: ({ spec }, _previous, subresource) =>
		(spec?.finalizers ?? []).flatMap((finalizer, at) => {
			const field = subresource === 'finalize' ? `spec.finalizers[${at}]` : 'spec.finalizers';
			return [...qualifiedProblems(field, finalizer), ...finalizerNameProblems(field, finalizer)];
		}),
});

/** @source pkg/apis/core/v1 SetDefaults_NamespaceStatus */
const withPhase = ({ status, ...namespace }: Namespace): Namespace => ({
	...namespace,
	status: { ...status, phase: status?.phase || 'Active' },
});

export const namespaces: Strategy<Namespace> = {
	...base,
	prepareForCreate(created, user, now, warn) {
		const { spec } = created;
		const sent = spec?.finalizers ?? [];
		const finalizers = sent.includes(FINALIZER) ? sent : [...sent, FINALIZER];
		const prepared = base.prepareForCreate?.(created, user, now, warn) ?? created;
		return withNameLabel({ ...prepared, spec: { ...spec, finalizers } });
	},
	prepareForUpdate(next, previous, subresource) {
		if (subresource === 'finalize') return { ...next, status: previous.status };
		const { status } = subresource === 'status' ? withPhase(next) : previous;
		return { ...next, spec: previous.spec, status };
	},
	/** @source ValidateNamespaceStatusUpdate */
	validateUpdate(next, previous, subresource) {
		const { metadata, status } = next;
		const problems = base.validateUpdate?.(next, previous, subresource) ?? [];
		const isDeleted = metadata.deletionTimestamp !== undefined;
		const [phase, is] = isDeleted ? ['Terminating', 'is not empty'] : ['Active', 'is empty'];
		if (subresource !== 'status' || status?.phase === phase) return problems;
		const detail = `may only be '${phase}' if \`deletionTimestamp\` ${is}`;
		return [...problems, invalid('status.Phase', status?.phase ?? '', detail)];
	},
};
