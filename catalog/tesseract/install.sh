export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends tesseract-ocr tesseract-ocr-eng tesseract-ocr-kor imagemagick fonts-nanum
# One font is enough to draw samples with.
find /usr/share/fonts/truetype/nanum -type f ! -name NanumGothic.ttf -delete
# One thread is fastest on half a processor.
echo 'export OMP_THREAD_LIMIT=1' >> /root/.profile
cat > /usr/local/bin/words2png <<'SH'
#!/bin/sh
# words2png TEXT FILE.png: draws the words, Korean too.
exec convert -density 300 -units PixelsPerInch -background white -fill black -font /usr/share/fonts/truetype/nanum/NanumGothic.ttf \
    -pointsize 9 -interline-spacing 12 -bordercolor white label:"$1" -border 40 "$2"
SH
chmod +x /usr/local/bin/words2png
words2png 'Dear visitor,
this picture was read in a browser.
Invoice 2024-1009: 3 cups of tea, 7500 won.' /root/letter.png
words2png '안녕하세요.
이 그림의 글자를 컴퓨터가 읽었습니다.
유자차 두 잔, 모두 10000원입니다.' /root/letter-ko.png
apt-get clean
rm -rf /var/lib/apt/lists/*
