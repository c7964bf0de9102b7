CREATE TABLE "deliveries" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"challenge_id" uuid NOT NULL,
	"template" text NOT NULL,
	"channel" text NOT NULL,
	"recipient" text,
	"country" text,
	"locale" text NOT NULL,
	"values" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"status" text DEFAULT 'QUEUED' NOT NULL,
	"provider_id" text,
	"error_code" text,
	"price" numeric(12, 5) DEFAULT 0 NOT NULL,
	"currency" text DEFAULT 'INR' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"send_before" timestamp with time zone NOT NULL,
	"taken_at" timestamp with time zone,
	"fallback_at" timestamp with time zone,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mailbox_proofs" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"purpose" text NOT NULL,
	"email" text NOT NULL,
	"name" text,
	"password_hash" text,
	"device" jsonb,
	"asker" text NOT NULL,
	"asked_by_session" uuid,
	"network" text,
	"idempotency_hash" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"consumed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "otp_challenges" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"phone" text NOT NULL,
	"country" text NOT NULL,
	"channel" text NOT NULL,
	"locale" text NOT NULL,
	"device" jsonb,
	"asker" text NOT NULL,
	"idempotency_hash" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"sends" integer DEFAULT 1 NOT NULL,
	"network" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_sent_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"consumed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "otp_days" (
	"country" text NOT NULL,
	"day" date NOT NULL,
	"sent" integer DEFAULT 0 NOT NULL,
	"verified" integer DEFAULT 0 NOT NULL,
	"spent" numeric(12, 5) DEFAULT 0 NOT NULL,
	CONSTRAINT "otp_days_country_day_pk" PRIMARY KEY("country","day")
);
--> statement-breakpoint
DROP INDEX "credentials_one_each";--> statement-breakpoint
CREATE INDEX "deliveries_challenge" ON "deliveries" USING btree ("challenge_id");--> statement-breakpoint
CREATE UNIQUE INDEX "deliveries_provider" ON "deliveries" USING btree ("provider_id");--> statement-breakpoint
CREATE INDEX "deliveries_unsent" ON "deliveries" USING btree ("created_at") WHERE "deliveries"."status" in ('QUEUED', 'SENDING');--> statement-breakpoint
CREATE INDEX "deliveries_fallback" ON "deliveries" USING btree ("fallback_at") WHERE "deliveries"."fallback_at" is not null;--> statement-breakpoint
CREATE INDEX "deliveries_day" ON "deliveries" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "deliveries_named" ON "deliveries" USING btree ("created_at") WHERE "deliveries"."recipient" is not null;--> statement-breakpoint
CREATE INDEX "mailbox_proofs_email" ON "mailbox_proofs" USING btree ("email","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "mailbox_proofs_idempotency" ON "mailbox_proofs" USING btree ("idempotency_hash");--> statement-breakpoint
CREATE INDEX "otp_challenges_phone" ON "otp_challenges" USING btree ("phone","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "otp_challenges_idempotency" ON "otp_challenges" USING btree ("idempotency_hash");--> statement-breakpoint
CREATE INDEX "otp_challenges_end" ON "otp_challenges" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "credentials_one_each" ON "credentials" USING btree ("user_id","kind") WHERE "credentials"."kind" in ('password', 'mailbox', 'phone');