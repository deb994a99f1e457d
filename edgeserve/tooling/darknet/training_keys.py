"""Keys that matter in training only, or in reports: reading a network passes over them."""

_OF_NET = """
    adam adversarial_lr angle aspect attention augment_speed B1 B2 badlabels_reject_threshold
    badlabels_rejection_percentage batch benchmark_layers blur burn_in clip contrastive
    contrastive_color contrastive_jit_flip cutmix decay dynamic_minibatch ema_alpha eps
    equidistant_point exposure flip full_blur gamma gaussian_noise hue
    init_sequential_subdivisions label_smooth_eps learning_rate loss_scale max_batches
    max_chart_loss max_crop min_crop mixup momentum mosaic mosaic_bound notruth
    num_sigmas_reject_badlabels optimized_memory policy power random resize_step saturation scale
    scales seq_scales sequential_subdivisions sgdr_cycle sgdr_mult show_receptive_field step steps
    subdivisions time_steps track try_fix_nan unsupervised weights_reject_freq
    workspace_size_limit_MB
"""
_OF_CONVOLUTION = """
    burnin_update clip grad_centr learning_rate nesterov onlyforward stopbackward stream train
    train_only_bn wait_stream
"""
_OF_HEAD = """
    absolute beta_nms bias_match class_scale classfix cls_normalizer coord_scale
    counters_per_class delta_normalizer dets_for_show dets_for_track embedding_layer focal_loss
    ignore_thresh iou_loss iou_normalizer iou_thresh iou_thresh_kind jitter label_smooth_eps log
    max max_delta noobject_scale obj_normalizer object_scale objectness_smooth random rescore
    resize show_details sim_thresh sqrt thresh track_ciou_norm track_history_size truth_thresh
    uc_normalizer
"""
NET = frozenset(_OF_NET.split())
"""Of [net]."""
CONVOLUTION = frozenset(_OF_CONVOLUTION.split())
"""Of [convolutional]."""
HEAD = frozenset(_OF_HEAD.split())
"""Of [yolo] and [region]."""
