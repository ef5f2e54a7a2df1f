/** Commands for joins with a wrong clock. */
import type { Command } from 'commander';
import { joinWithSkew, skewResultsText } from '../faults/clock-skew.ts';
import { type CommandContext, lookUntil, type Until, untilOptions } from './arguments.ts';

export function addClockSkew(program: Command, { onNodes, onServices, signal }: CommandContext): void {
	program
		.command('skew <service> <offset>')
		.description('join a node while the clock of one service, or of kubelet-sim, is wrong')
		.requiredOption('--token <name>')
		.action(
			onServices((driver, service: string, offset: string, { token }: { token: string }) =>
				joinWithSkew(driver, { service, offset, token }),
			),
		);
	untilOptions(
		program
			.command('skew-results')
			.description('print the outcome and the measured clock of each join with a wrong clock'),
	).action(onNodes((context, until: Until) => lookUntil(() => skewResultsText(context), until, signal)));
}
