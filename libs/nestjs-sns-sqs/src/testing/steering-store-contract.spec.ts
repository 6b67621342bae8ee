import { MemorySteering } from '../../test/memory-steering.js';
import { steeringStoreContract } from './steering-store-contract.js';

steeringStoreContract('the model of the other specs', () => {
  const store = new MemorySteering();
  return { one: store, other: store };
});
