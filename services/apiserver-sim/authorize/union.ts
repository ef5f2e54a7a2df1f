/** Several authorizers as one. It has no opinion of its own and never turns "no opinion" into "allow". */
import type { Attributes, Authorizer, Decision } from './attributes.ts';
import { aggregated } from './go-text.ts';

/**
 * Ask one authorizer after the other; the first that allows or denies decides, and later ones are not asked.
 * When none does, the answer is NoOpinion with all reasons, one per line after the name of its authorizer, and all
 * errors.
 *
 * @param authorizers  by their name in reasons, in their order
 * @source apiserver/pkg/authorization/union
 */
export function unionOf(authorizers: Readonly<Record<string, Authorizer>>): Authorizer {
	const inOrder = Object.entries(authorizers);
	return {
		authorize(attributes: Attributes): Decision {
			const reasons: string[] = [];
			const errors: string[] = [];
			for (const [name, authorizer] of inOrder) {
				const decision = authorizer.authorize(attributes);
				if (decision.decision !== 'NoOpinion') return decision;
				if (decision.reason !== '') reasons.push(`${name}: ${decision.reason}`);
				if (decision.error !== undefined) errors.push(decision.error);
			}
			const error = aggregated(errors);
			return { decision: 'NoOpinion', reason: reasons.join('\n'), error };
		},
	};
}
