-- The code and values of why a file could not be read, as JSON; null where only the text is known.
ALTER TABLE refusals ADD COLUMN why TEXT;
