/** Commands that inject faults into the connection between two services. */
import type { Command } from 'commander';
import { createNetworkFaults, edges, parseEdge } from '../faults/network.ts';
import { type CommandContext, whole } from './arguments.ts';

export function addNetwork(program: Command, { onServices }: CommandContext): void {
	const known = edges.map((edge) => JSON.stringify(edge)).join(', ');
	const network = program.command('network').description(`inject faults into the connection of two services: ${known}`);
	network
		.command('delay <edge>')
		.description('delay each response with Toxiproxy; without it, pause the server once for this long')
		.requiredOption('--ms <milliseconds>', 'how long', whole(1, 60_000))
		.action(
			onServices(async (driver, edge: string, { ms }: { ms: number }) => {
				const tool = await createNetworkFaults(driver).delay(parseEdge(edge), ms);
				return `${edge} is delayed by ${ms} ms, with ${tool}`;
			}),
		);
	network
		.command('cut <edge>')
		.description('drop all data')
		.action(
			onServices(async (driver, edge: string) => {
				const tool = await createNetworkFaults(driver).cut(parseEdge(edge));
				return `${edge} is cut, with ${tool}`;
			}),
		);
	network
		.command('heal <edge>')
		.description('remove the fault')
		.action(
			onServices(async (driver, edge: string) => {
				await createNetworkFaults(driver).heal(parseEdge(edge));
				return `${edge} is healed`;
			}),
		);
}
