import { Body, Controller, Delete, Get, HttpCode, Inject, Param, ParseUUIDPipe, Patch, Post } from '@nestjs/common';
import { ChangeEmailDto, RegisterUserDto, type UserView } from './users.dto.js';
import { UsersService } from './users.service.js';

/** HTTP. */
@Controller('users')
export class UsersController {
  constructor(@Inject(UsersService) private readonly users: UsersService) {}

  @Post()
  register(@Body() user: RegisterUserDto): Promise<UserView> {
    return this.users.register(user);
  }

  @Get(':id')
  view(@Param('id', ParseUUIDPipe) id: string): Promise<UserView> {
    return this.users.view(id);
  }

  @Patch(':id')
  changeEmail(@Param('id', ParseUUIDPipe) id: string, @Body() change: ChangeEmailDto): Promise<UserView> {
    return this.users.changeEmail(id, change);
  }

  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id', ParseUUIDPipe) id: string): Promise<void> {
    return this.users.remove(id);
  }
}
