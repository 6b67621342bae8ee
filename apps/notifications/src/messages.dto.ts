import { IsEmail, IsInt, IsString, IsUUID, Min } from 'class-validator';

export class UserRegistered {
  @IsUUID()
  id: string;

  @IsEmail()
  email: string;

  @IsString()
  name: string;

  @IsInt()
  @Min(1)
  version: number;
}

export class UserEmailChanged {
  @IsUUID()
  id: string;

  @IsEmail()
  email: string;

  @IsInt()
  @Min(1)
  version: number;
}

export class UserDeleted {
  @IsUUID()
  id: string;

  @IsInt()
  @Min(1)
  version: number;
}

export class SendWelcomeEmail {
  @IsUUID()
  userId: string;

  @IsEmail()
  email: string;

  @IsString()
  name: string;
}

export class CancelUserMails {
  @IsUUID()
  userId: string;
}
