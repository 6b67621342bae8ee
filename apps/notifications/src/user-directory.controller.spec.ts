import { UserDirectory } from './user-directory.js';
import { UserDirectoryController } from './user-directory.controller.js';

const id = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

describe('the directory of users', () => {
  let directory: UserDirectory;
  let controller: UserDirectoryController;

  beforeEach(() => {
    directory = new UserDirectory();
    controller = new UserDirectoryController(directory);
  });

  it('follows a user from event to event', () => {
    controller.registered({ id, email: 'ada@example.com', name: 'Ada', version: 1 });
    expect(directory.find(id)).toEqual({ email: 'ada@example.com', name: 'Ada', version: 1 });
    controller.emailChanged({ id, email: 'ada@lovelace.example', version: 2 });
    expect(directory.find(id)).toEqual({ email: 'ada@lovelace.example', name: 'Ada', version: 2 });
    controller.deleted({ id, version: 3 });
    expect(directory.find(id)).toBeUndefined();
  });

  it('knows the address of a user whose registration it has not seen', () => {
    controller.emailChanged({ id, email: 'ada@lovelace.example', version: 7 });
    expect(directory.find(id)).toEqual({ email: 'ada@lovelace.example', name: 'unknown', version: 7 });
    controller.deleted({ id, version: 8 });
    expect(directory.find(id)).toBeUndefined();
  });
});
