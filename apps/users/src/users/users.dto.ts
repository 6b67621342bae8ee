import { IsEmail, IsString, Length } from 'class-validator';

export class RegisterUserDto {
  @IsEmail()
  email: string;

  @IsString()
  @Length(1, 200)
  name: string;
}

export class ChangeEmailDto {
  @IsEmail()
  email: string;
}

/** What `GET /users/:id` answers. */
export interface UserView {
  id: string;
  email: string;
  name: string;
  version: number;
  welcomedAt: string | null;
  preferences: { newsletter: boolean } | null;
}
