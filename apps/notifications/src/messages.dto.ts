import { IsEmail, IsString, IsUUID } from 'class-validator';

export class UserRegistered {
  @IsUUID()
  id: string;

  @IsEmail()
  email: string;

  @IsString()
  name: string;
}

export class UserEmailChanged {
  @IsUUID()
  id: string;

  @IsEmail()
  email: string;
}

export class UserDeleted {
  @IsUUID()
  id: string;
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
