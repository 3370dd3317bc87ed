-- The back office shows which mails an order has sent.
create index email_by_order on email (order_id, created_at desc, id desc) where order_id is not null;
