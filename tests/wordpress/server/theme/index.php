<?php
/** The smallest theme: the front page of a test site. */
?><!DOCTYPE html>
<html><head><title><?php bloginfo('name'); ?></title><?php wp_head(); ?></head>
<body><?php wp_footer(); ?></body></html>
