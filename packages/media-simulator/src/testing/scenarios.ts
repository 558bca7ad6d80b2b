import { apiScenarios, type Scenario } from './api-scenarios.js';
import { phoneScenarios } from './phone-scenarios.js';
import { socketScenarios } from './socket-scenarios.js';

/** Every recording that is replayed, by its name. */
export const scenarios: Readonly<Record<string, Scenario>> = { ...apiScenarios, ...phoneScenarios, ...socketScenarios };
