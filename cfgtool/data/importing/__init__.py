"""From COCO, Pascal VOC, YOLO and CSV to TFRecords.

A source (`coco`, `voc`, `yolo`, `tables`) lists pictures and reads the objects of one; `objects` judges and mends
these, `pictures` the encoded images, `shards` writes the records of one file, `run` does it all. Pillow, NumPy and
pycocotools are loaded only where pixels are changed, verified or filled (`pixels`, `masks`).
"""
