-- name: insert_approval
-- The CHECK of this table refuses an approval of one's own, whoever computed it.
INSERT INTO approval (entity, subject, preparer, approver, position)
VALUES (%(entity)s, %(subject)s, %(preparer)s, %(approver)s, %(position)s);
