// What administrators see and do. Needs one: TTOB_E2E_ADMIN=name:password (the pages' mock server has its own).
import { call, hasAdmin, join, signIn } from '../lib/people.js';
import { accessibility, expect, PROJECT, shot, test } from '../lib/site.js';

const mock = process.env.TTOB_E2E_MOCK === '1';
const sections = { '': 'Administration', '/users': 'Users', '/projects': 'Projects', '/comments': 'Comments', '/reports': 'Reports', '/banners': 'Banners', '/sandboxes': 'Live sandboxes', '/audit': 'Audit log' };
const row = (page, text) => page.getByRole('row').filter({ hasText: text });
const unique = (text) => `${text} ${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;
/** A picture of 96 × 32 pixels. */
const PICTURE = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAGAAAAAgCAIAAABiouoDAAAYbUlEQVR42gXBCUuzAACA4e8fdN/3fd/3fZdlWZZlWZZlWZY1EITBQBgIwkAYCMJgIAz2o95/8z3PP4QahFqEOoR6hAaERoQmhGaEFoRWhDaEdoQOhE6ELoRuhB6EXoQ+hH6EAYRBhCGEYYQRhFGEMYRxhAmESYQphGmEGYRZhDmEeYQFhEWEJYRlhBWEVYQ1hHWEDYRNhC2EbYQdhF2EPYR9hAOEQ4QjhGOEEwQB4RThDEFEOEe4QJAQLhGuEGSEa4QbBAXhFuEOQUW4R3hA0BAeEZ4QdIRnhBcEA+EV4Q3BRHhH+ECwED4RvhBshG+EHwQH4Rfh7x9iDWItYh1iPWIDYiNiE2IzYgtiK2IbYjtiB2InYhdiN2IPYi9iH2I/4gDiIOIQ4jDiCOIo4hjiOOIE4iTiFOI04gziLOIc4jziAuIi4hLiMuIK4iriGuI64gbiJuIW4jbiDuIu4h7iPuIB4iHiEeIx4gmigHiKeIYoIp4jXiBKiJeIV4gy4jXiDaKCeIt4h6gi3iM+IGqIj4hPiDriM+ILooH4iviGaCK+I34gWoifiF+INuI34g+ig/iL+PcPqQapFqkOqR6pAakRqQmpGakFqRWpDakdqQOpE6kLqRupB6kXqQ+pH2kAaRBpCGkYaQRpFGkMaRxpAmkSaQppGmkGaRZpDmkeaQFpEWkJaRlpBWkVaQ1pHWkDaRNpC2kbaQdpF2kPaR/pAOkQ6QjpGOkESUA6RTpDEpHOkS6QJKRLpCskGeka6QZJQbpFukNSke6RHpA0pEekJyQd6RnpBclAekV6QzKR3pE+kCykT6QvJBvpG+kHyUH6Rfr7h1yDXItch1yP3IDciNyE3IzcgtyK3IbcjtyB3InchdyN3IPci9yH3I88gDyIPIQ8jDyCPIo8hjyOPIE8iTyFPI08gzyLPIc8j7yAvIi8hLyMvIK8iryGvI68gbyJvIW8jbyDvIu8h7yPfIB8iHyEfIx8giwgnyKfIYvI58gXyBLyJfIVsox8jXyDrCDfIt8hq8j3yA/IGvIj8hOyjvyM/IJsIL8ivyGbyO/IH8gW8ifyF7KN/I38g+wg/yL//UOpQalFqUOpR2lAaURpQmlGaUFpRWlDaUfpQOlE6ULpRulB6UXpQ+lHGUAZRBlCGUYZQRlFGUMZR5lAmUSZQplGmUGZRZlDmUdZQFlEWUJZRllBWUVZQ1lH2UDZRNlC2UbZQdlF2UPZRzlAOUQ5QjlGOUERUE5RzlBElHOUCxQJ5RLlCkVGuUa5QVFQblHuUFSUe5QHFA3lEeUJRUd5RnlBMVBeUd5QTJR3lA8UC+UT5QvFRvlG+UFxUH5R/v6h1qDWotah1qM2oDaiNqE2o7agtqK2obajdqB2onahdqP2oPai9qH2ow6gDqIOoQ6jjqCOoo6hjqNOoE6iTqFOo86gzqLOoc6jLqAuoi6hLqOuoK6irqGuo26gbqJuoW6j7qDuou6h7qMeoB6iHqEeo56gCqinqGeoIuo56gWqhHqJeoUqo16j3qAqqLeod6gq6j3qA6qG+oj6hKqjPqO+oBqor6hvqCbqO+oHqoX6ifqFaqN+o/6gOqi/qH//0GrQatHq0OrRGtAa0ZrQmtFa0FrR2tDa0TrQOtG60LrRetB60frQ+tEG0AbRhtCG0UbQRtHG0MbRJtAm0abQptFm0GbR5tDm0RbQFtGW0JbRVtBW0dbQ1tE20DbRttC20XbQdtH20PbRDtAO0Y7QjtFO0AS0U7QzNBHtHO0CTUK7RLtCk9Gu0W7QFLRbtDs0Fe0e7QFNQ3tEe0LT0Z7RXtAMtFe0NzQT7R3tA81C+0T7QrPRvtF+0By0X7S/f+g16LXodej16A3ojehN6M3oLeit6G3o7egd6J3oXejd6D3oveh96P3oA+iD6EPow+gj6KPoY+jj6BPok+hT6NPoM+iz6HPo8+gL6IvoS+jL6Cvoq+hr6OvoG+ib6Fvo2+g76Lvoe+j76Afoh+hH6MfoJ+gC+in6GbqIfo5+gS6hX6Jfocvo1+g36Ar6Lfoduop+j/6ArqE/oj+h6+jP6C/oBvor+hu6if6O/oFuoX+if6Hb6N/oP+gO+i/63z+MGoxajDqMeowGjEaMJoxmjBaMVow2jHaMDoxOjC6MbowejF6MPox+jAGMQYwhjGGMEYxRjDGMcYwJjEmMKYxpjBmMWYw5jHmMBYxFjCWMZYwVjFWMNYx1jA2MTYwtjG2MHYxdjD2MfYwDjEOMI4xjjBMMAeMU4wxDxDjHuMCQMC4xrjBkjGuMGwwF4xbjDkPFuMd4wNAwHjGeMHSMZ4wXDAPjFeMNw8R4x/jAsDA+Mb4wbIxvjB8MB+MX4+8fZg1mLWYdZj1mA2YjZhNmM2YLZitmG2Y7ZgdmJ2YXZjdmD2YvZh9mP+YA5iDmEOYw5gjmKOYY5jjmBOYk5hTmNOYM5izmHOY85gLmIuYS5jLmCuYq5hrmOuYG5ibmFuY25g7mLuYe5j7mAeYh5hHmMeYJpoB5inmGKWKeY15gSpiXmFeYMuY15g2mgnmLeYepYt5jPmBqmI+YT5g65jPmC6aB+Yr5hmlivmN+YFqYn5hfmDbmN+YPpoP5i/n3D6sGqxarDqseqwGrEasJqxmrBasVqw2rHasDqxOrC6sbqwerF6sPqx9rAGsQawhrGGsEaxRrDGscawJrEmsKaxprBmsWaw5rHmsBaxFrCWsZawVrFWsNax1rA2sTawtrG2sHaxdrD2sf6wDrEOsI6xjrBEvAOsU6wxKxzrEusCSsS6wrLBnrGusGS8G6xbrDUrHusR6wNKxHrCcsHesZ6wXLwHrFesMysd6xPrAsrE+sLywb6xvrB8vB+sX6+4ddg12LXYddj92A3YjdhN2M3YLdit2G3Y7dgd2J3YXdjd2D3Yvdh92PPYA9iD2EPYw9gj2KPYY9jj2BPYk9hT2NPYM9iz2HPY+9gL2IvYS9jL2CvYq9hr2OvYG9ib2FvY29g72LvYe9j32AfYh9hH2MfYItYJ9in2GL2OfYF9gS9iX2FbaMfY19g61g32LfYavY99gP2Br2I/YTto79jP2CbWC/Yr9hm9jv2B/YFvYn9he2jf2N/YPtYP9i//3DqcGpxanDqcdpwGnEacJpxmnBacVpw2nH6cDpxOnC6cbpwenF6cPpxxnAGcQZwhnGGcEZxRnDGceZwJnEmcKZxpnBmcWZw5nHWcBZxFnCWcZZwVnFWcNZx9nA2cTZwtnG2cHZxdnD2cc5wDnEOcI5xjnBEXBOcc5wRJxznAscCecS5wpHxrnGucFRcG5x7nBUnHucBxwN5xHnCUfHecZ5wTFwXnHecEycd5wPHAvnE+cLx8b5xvnBcXB+cf7+kakhU0umjkw9mQYyjWSayDSTaSHTSqaNTDuZDjKdZLrIdJPpIdNLpo9MP5kBMoNkhsgMkxkhM0pmjMw4mQkyk2SmyEyTmSEzS2aOzDyZBTKLZJbILJNZIbNKZo3MOpkNMptktshsk9khs0tmj8w+mQMyh2SOyByTOSEjkDklc0ZGJHNO5oKMROaSzBUZmcw1mRsyCplbMndkVDL3ZB7IaGQeyTyR0ck8k3khY5B5JfNGxiTzTuaDjEXmk8wXGZvMN5kfMg6ZXzJ//3BrcGtx63DrcRtwG3GbcJtxW3Bbcdtw23E7cDtxu3C7cXtwe3H7cPtxB3AHcYdwh3FHcEdxx3DHcSdwJ3GncKdxZ3Bncedw53EXcBdxl3CXcVdwV3HXcNdxN3A3cbdwt3F3cHdx93D3cQ9wD3GPcI9xT3AF3FPcM1wR9xz3AlfCvcS9wpVxr3FvcBXcW9w7XBX3HvcBV8N9xH3C1XGfcV9wDdxX3DdcE/cd9wPXwv3E/cK1cb9xf3Ad3F/cv394NXi1eHV49XgNeI14TXjNeC14rXhteO14HXideF143Xg9eL14fXj9eAN4g3hDeMN4I3ijeGN443gTeJN4U3jTeDN4s3hzePN4C3iLeEt4y3greKt4a3jreBt4m3hbeNt4O3i7eHt4+3gHeId4R3jHeCd4At4p3hmeiHeOd4En4V3iXeHJeNd4N3gK3i3eHZ6Kd4/3gKfhPeI94el4z3gveAbeK94bnon3jveBZ+F94n3h2XjfeD94Dt4v3t8/sjVka8nWka0n20C2kWwT2WayLWRbybaRbSfbQbaTbBfZbrI9ZHvJ9pHtJztAdpDsENlhsiNkR8mOkR0nO0F2kuwU2WmyM2Rnyc6RnSe7QHaR7BLZZbIrZFfJrpFdJ7tBdpPsFtltsjtkd8nukd0ne0D2kOwR2WOyJ2QFsqdkz8iKZM/JXpCVyF6SvSIrk70me0NWIXtL9o6sSvae7ANZjewj2SeyOtlnsi9kDbKvZN/ImmTfyX6Qtch+kv0ia5P9JvtD1iH7S/bvH7kacrXk6sjVk2sg10iuiVwzuRZyreTayLWT6yDXSa6LXDe5HnK95PrI9ZMbIDdIbojcMLkRcqPkxsiNk5sgN0luitw0uRlys+TmyM2TWyC3SG6J3DK5FXKr5NbIrZPbILdJbovcNrkdcrvk9sjtkzsgd0juiNwxuRNyArlTcmfkRHLn5C7ISeQuyV2Rk8ldk7shp5C7JXdHTiV3T+6BnEbukdwTOZ3cM7kXcga5V3Jv5Exy7+Q+yFnkPsl9kbPJfZP7IeeQ+yX39w+/Br8Wvw6/Hr8BvxG/Cb8ZvwW/Fb8Nvx2/A78Tvwu/G78Hvxe/D78ffwB/EH8Ifxh/BH8Ufwx/HH8CfxJ/Cn8afwZ/Fn8Ofx5/AX8Rfwl/GX8FfxV/DX8dfwN/E38Lfxt/B38Xfw9/H/8A/xD/CP8Y/wRfwD/FP8MX8c/xL/Al/Ev8K3wZ/xr/Bl/Bv8W/w1fx7/Ef8DX8R/wnfB3/Gf8F38B/xX/DN/Hf8T/wLfxP/C98G/8b/wffwf/F//tHvoZ8Lfk68vXkG8g3km8i30y+hXwr+Tby7eQ7yHeS7yLfTb6HfC/5PvL95AfID5IfIj9MfoT8KPkx8uPkJ8hPkp8iP01+hvws+Tny8+QXyC+SXyK/TH6F/Cr5NfLr5DfIb5LfIr9Nfof8Lvk98vvkD8gfkj8if0z+hLxA/pT8GXmR/Dn5C/IS+UvyV+Rl8tfkb8gr5G/J35FXyd+TfyCvkX8k/0ReJ/9M/oW8Qf6V/Bt5k/w7+Q/yFvlP8l/kbfLf5H/IO+R/yf/9I6ghqCWoI6gnaCBoJGgiaCZoIWglaCNoJ+gg6CToIugm6CHoJegj6CcYIBgkGCIYJhghGCUYIxgnmCCYJJgimCaYIZglmCOYJ1ggWCRYIlgmWCFYJVgjWCfYINgk2CLYJtgh2CXYI9gnOCA4JDgiOCY4IRAITgnOCESCc4ILAongkuCKQCa4JrghUAhuCe4IVIJ7ggcCjeCR4IlAJ3gmeCEwCF4J3ghMgneCDwKL4JPgi8Am+Cb4IXAIfgn+/hHWENYS1hHWEzYQNhI2ETYTthC2ErYRthN2EHYSdhF2E/YQ9hL2EfYTDhAOEg4RDhOOEI4SjhGOE04QThJOEU4TzhDOEs4RzhMuEC4SLhEuE64QrhKuEa4TbhBuEm4RbhPuEO4S7hHuEx4QHhIeER4TnhAKhKeEZ4Qi4TnhBaFEeEl4RSgTXhPeECqEt4R3hCrhPeEDoUb4SPhEqBM+E74QGoSvhG+EJuE74QehRfhJ+EVoE34T/hA6hL+Ef/8o1FCopVBHoZ5CA4VGCk0Umim0UGil0EahnUIHhU4KXRS6KfRQ6KXQR6GfwgCFQQpDFIYpjFAYpTBGYZzCBIVJClMUpinMUJilMEdhnsIChUUKSxSWKaxQWKWwRmGdwgaFTQpbFLYp7FDYpbBHYZ/CAYVDCkcUjimcUBAonFI4oyBSOKdwQUGicEnhioJM4ZrCDQWFwi2FOwoqhXsKDxQ0Co8UnijoFJ4pvFAwKLxSeKNgUnin8EHBovBJ4YuCTeGbwg8Fh8Ivhb9/RDVEtUR1RPVEDUSNRE1EzUQtRK1EbUTtRB1EnURdRN1EPUS9RH1E/UQDRINEQ0TDRCNEo0RjRONEE0STRFNE00QzRLNEc0TzRAtEi0RLRMtEK0SrRGtE60QbRJtEW0TbRDtEu0R7RPtEB0SHREdEx0QnRALRKdEZkUh0TnRBJBFdEl0RyUTXRDdECtEt0R2RSnRP9ECkET0SPRHpRM9EL0QG0SvRG5FJ9E70QWQRfRJ9EdlE30Q/RA7RL9HfP4o1FGsp1lGsp9hAsZFiE8Vmii0UWym2UWyn2EGxk2IXxW6KPRR7KfZR7Kc4QHGQ4hDFYYojFEcpjlEcpzhBcZLiFMVpijMUZynOUZynuEBxkeISxWWKKxRXKa5RXKe4QXGT4hbFbYo7FHcp7lHcp3hA8ZDiEcVjiicUBYqnFM8oihTPKV5QlCheUryiKFO8pnhDUaF4S/GOokrxnuIDRY3iI8UnijrFZ4ovFA2KrxTfKJoU3yl+ULQoflL8omhT/Kb4Q9Gh+Evx7x9xDXEtcR1xPXEDcSNxE3EzcQtxK3EbcTtxB3EncRdxN3EPcS9xH3E/8QDxIPEQ8TDxCPEo8RjxOPEE8STxFPE08QzxLPEc8TzxAvEi8RLxMvEK8SrxGvE68QbxJvEW8TbxDvEu8R7xPvEB8SHxEfEx8QmxQHxKfEYsEp8TXxBLxJfEV8Qy8TXxDbFCfEt8R6wS3xM/EGvEj8RPxDrxM/ELsUH8SvxGbBK/E38QW8SfxF/ENvE38Q+xQ/xL/PePpIaklqSOpJ6kgaSRpImkmaSFpJWkjaSdpIOkk6SLpJukh6SXpI+kn2SAZJBkiGSYZIRklGSMZJxkgmSSZIpkmmSGZJZkjmSeZIFkkWSJZJlkhWSVZI1knWSDZJNki2SbZIdkl2SPZJ/kgOSQ5IjkmOSERCA5JTkjEUnOSS5IJJJLkisSmeSa5IZEIbkluSNRSe5JHkg0kkeSJxKd5JnkhcQgeSV5IzFJ3kk+SCyST5IvEpvkm+SHxCH5Jfn7R6mGUi2lOkr1lBooNVJqotRMqYVSK6U2Su2UOih1Uuqi1E2ph1IvpT5K/ZQGKA1SGqI0TGmE0iilMUrjlCYoTVKaojRNaYbSLKU5SvOUFigtUlqitExphdIqpTVK65Q2KG1S2qK0TWmH0i6lPUr7lA4oHVI6onRM6YSSQOmU0hklkdI5pQtKEqVLSleUZErXlG4oKZRuKd1RUindU3qgpFF6pPRESaf0TOmFkkHpldIbJZPSO6UPShalT0pflGxK35R+KDmUfin9/aNcQ7mWch3lesoNlBspN1FuptxCuZVyG+V2yh2UOyl3Ue6m3EO5l3If5X7KA5QHKQ9RHqY8QnmU8hjlccoTlCcpT1GepjxDeZbyHOV5yguUFykvUV6mvEJ5lfIa5XXKG5Q3KW9R3qa8Q3mX8h7lfcoHlA8pH1E+pnxCWaB8SvmMskj5nPIFZYnyJeUryjLla8o3lBXKt5TvKKuU7yk/UNYoP1J+oqxTfqb8Qtmg/Er5jbJJ+Z3yB2WL8iflL8o25W/KP5Qdyr+U//6R1pDWktaR1pM2kDaSNpE2k7aQtpK2kbaTdpB2knaRdpP2kPaS9pH2kw6QDpIOkQ6TjpCOko6RjpNOkE6STpFOk86QzpLOkc6TLpAuki6RLpOukK6SrpGuk26QbpJukW6T7pDuku6R7pMekB6SHpEek56QCqSnpGekIuk56QWpRHpJekUqk16T3pAqpLekd6Qq6T3pA6lG+kj6RKqTPpO+kBqkr6RvpCbpO+kHqUX6SfpFapN+k/6QOqS/pH//qNRQqaVSR6WeSgOVRipNVJqptFBppdJGpZ1KB5VOKl1Uuqn0UOml0keln8oAlUEqQ1SGqYxQGaUyRmWcygSVSSpTVKapzFCZpTJHZZ7KApVFKktUlqmsUFmlskZlncoGlU0qW1S2qexQ2aWyR2WfygGVQypHVI6pnFARqJxSOaMiUjmnckFFonJJ5YqKTOWayg0VhcotlTsqKpV7Kg9UNCqPVJ6o6FSeqbxQMai8UnmjYlJ5p/JBxaLySeWLik3lm8oPFYfKL5W/f1RrqNZSraNaT7WBaiPVJqrNVFuotlJto9pOtYNqJ9Uuqt1Ue6j2Uu2j2k91gOog1SGqw1RHqI5SHaM6TnWC6iTVKarTVGeozlKdozpPdYHqItUlqstUV6iuUl2juk51g+om1S2q21R3qO5S3aO6T/WA6iHVI6rHVE+oClRPqZ5RFameU72gKlG9pHpFVaZ6TfWGqkL1luodVZXqPdUHqhrVR6pPVHWqz1RfqBpUX6m+UTWpvlP9oGpR/aT6RdWm+k31h6pD9Zfq3383AKkPt3HNCwAAAABJRU5ErkJggg==', 'base64');

async function admin(page, path = '') {
  await page.goto('/about');
  await signIn(page);
  await page.goto(`/admin${path}`);
}

test('others are told that this is not for them', async ({ page }) => {
  page.allow(/status of 40[13]/);
  await page.goto('/admin/users');
  await expect(page.getByText('Sign in to see this')).toBeVisible();
  await join(page);
  await page.reload();
  await expect(page.getByText('This page is for administrators')).toBeVisible();
  await expect(page.getByRole('table')).toHaveCount(0);
  expect((await call(page, 'GET', '/admin/users')).status()).toBe(403);
});

if (hasAdmin) {
  test('the overview shows how the platform is, live', async ({ page }) => {
    await admin(page);
    await expect(page.getByRole('heading', { name: 'Sandboxes running' })).toBeVisible();
    await expect(page.getByRole('img', { name: /^Sandboxes running: \d/ }).locator('canvas')).toBeVisible();
    await expect(page.getByText('Database')).toBeVisible();
    let asked = 0;
    page.on('request', (request) => (asked += request.url().endsWith('/admin/overview') ? 1 : 0));
    await expect.poll(() => asked).toBeGreaterThan(1);
    await shot(page, 'admin-overview');
  });

  test('an overview that fails says so, and mends itself', async ({ page }) => {
    page.allow(/Failed to load resource/);
    await page.route('**/api/v1/admin/overview', (route) => route.abort());
    await admin(page);
    await expect(page.getByText('The server did not answer.')).toBeVisible();
    await page.unroute('**/api/v1/admin/overview');
    await expect(page.getByRole('heading', { name: 'Sandboxes running' })).toBeVisible();
    await expect(page.getByText('The server did not answer.')).toBeHidden();
  });

  test('somebody is found, suspended, and let in again by Undo', async ({ page, context }) => {
    page.allow(/status of 401/);
    const other = await context.browser().newContext();
    const second = await other.newPage();
    const name = await join(second);
    await admin(page, '/users');
    await page.getByRole('searchbox', { name: 'Name, display name' }).fill(name);
    await expect(page).toHaveURL(new RegExp(`q=${name}`));
    await expect(page.getByText('1 entry')).toBeVisible();
    await row(page, name).getByRole('button', { name: `Suspend ${name}` }).click();
    const dialog = page.getByRole('dialog', { name: `Suspend ${name}?` });
    expect(await accessibility(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(dialog).toBeHidden();
    await row(page, name).getByRole('button', { name: `Suspend ${name}` }).click();
    await dialog.getByRole('button', { name: 'Suspend', exact: true }).click();
    await expect(row(page, name)).toContainText('Suspended');
    expect((await call(second, 'GET', '/users/me')).status()).toBe(401);
    await second.goto('/login');
    await second.locator('[name="login"]').fill(name);
    await second.locator('[name="password"]').fill('tasty soup today');
    await second.locator('main form button[type="submit"]').click();
    await expect(second.getByText('This account is suspended.')).toBeVisible();
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(row(page, name)).toContainText('Active');
    await second.locator('main form button[type="submit"]').click();
    await expect(second.getByRole('button', { name: /^Menu of/ })).toBeVisible();
    await page.goto('/admin/audit?action=user.suspend');
    await expect(row(page, name).first()).toContainText('user.suspend');
    await other.close();
  });

  test('an administrator is made and taken back', async ({ page, context }) => {
    const other = await context.browser().newContext();
    const second = await other.newPage();
    const name = await join(second);
    await admin(page, `/users?q=${name}`);
    await page.getByRole('button', { name: `Make administrator: ${name}` }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Make administrator' }).click();
    await expect(row(page, name)).toContainText('Administrator');
    expect((await call(second, 'GET', '/admin/overview')).status()).toBe(200);
    await page.getByRole('button', { name: `Make user: ${name}` }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Make user' }).click();
    await expect(row(page, name)).not.toContainText('Administrator');
    expect((await call(second, 'GET', '/admin/overview')).status()).toBe(403);
    await other.close();
  });

  test('a project is hidden and shown again; deleting asks first', async ({ page, context }) => {
    page.allow(/status of 404/);
    await admin(page, `/projects?q=${PROJECT.split('/')[1]}`);
    const guest = await context.browser().newContext();
    const status = async () => (await guest.request.get(new URL(`/api/v1/projects/${PROJECT}`, page.url()).href)).status();
    await page.getByRole('button', { name: `Hide ${PROJECT}` }).click();
    await expect(row(page, PROJECT.split('/')[1]).first()).toContainText('Hidden');
    if (!mock) expect(await status()).toBe(404);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(row(page, PROJECT.split('/')[1]).first()).toContainText('Listed');
    expect(await status()).toBe(200);
    await page.getByRole('button', { name: `Delete ${PROJECT}` }).click();
    await expect(page.getByRole('dialog')).toContainText('This cannot be taken back.');
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    expect(await status()).toBe(200);
    await guest.close();
  });

  if (!mock) {
    test('a comment is reported, hidden, and the report closed with a note', async ({ page, context }) => {
      const words = unique('Buy cheap watches');
      const other = await context.browser().newContext();
      const second = await other.newPage();
      const name = await join(second);
      const comment = await (await call(second, 'POST', `/projects/${PROJECT}/comments`, { body: words })).json();
      expect((await call(second, 'POST', '/reports', { comment: comment.id, reason: 'spam', text: 'Only advertising.' })).status()).toBe(201);
      await admin(page, '/reports');
      const report = row(page, words);
      await expect(report).toContainText('Advertising');
      await expect(report).toContainText('Only advertising.');
      await shot(page, 'admin-reports');
      await page.goto(`/admin/comments?q=${encodeURIComponent(words)}`);
      await page.getByRole('button', { name: `Hide the comment of ${name}` }).click();
      await expect(row(page, words)).toContainText('hidden by an administrator');
      expect((await (await page.request.get(`/api/v1/projects/${PROJECT}/comments?per_page=100`)).json()).items.find((item) => item.id === comment.id)?.hidden).toBe('admin');
      const guest = await context.browser().newContext();
      const open = await (await guest.request.get(new URL(`/api/v1/projects/${PROJECT}/comments?per_page=100`, page.url()).href)).json();
      expect(open.items.some((item) => item.id === comment.id)).toBe(false);
      await guest.close();
      await page.goto('/admin/comments?hidden=1');
      await expect(row(page, words)).toBeVisible();
      await page.goto('/admin/reports');
      await report.getByRole('button', { name: /^Close the report/ }).click();
      await page.getByRole('dialog').getByRole('textbox').fill('Hidden, told the writer.');
      await page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).last().click();
      await expect(report).toHaveCount(0);
      await page.getByRole('combobox').selectOption('closed');
      await expect(row(page, words)).toContainText('Hidden, told the writer.');
      await page.goto(`/admin/comments?q=${encodeURIComponent(words)}`);
      await page.getByRole('button', { name: `Delete the comment of ${name}` }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await expect(row(page, words)).toHaveCount(0);
      await other.close();
    });
  }

  test('a banner is made with a picture, turned off, and deleted', async ({ page }) => {
    page.allow(/status of 422/);
    await admin(page, '/banners');
    const text = unique('Learn to cook');
    await page.getByRole('button', { name: 'New banner' }).click();
    const dialog = page.getByRole('dialog', { name: 'New banner' });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog.getByText('Type what the banner says.')).toBeVisible();
    await expect(dialog.locator('[name="text"]')).toBeFocused();
    await dialog.locator('[name="text"]').fill(text);
    await dialog.locator('[name="text_ko"]').fill('요리를 배워요');
    await dialog.locator('[name="link"]').fill('https://cook.example/');
    await dialog.locator('[name="image"]').setInputFiles({ name: 'x.gif', mimeType: 'image/gif', buffer: Buffer.from('GIF89a') });
    await expect(dialog.getByText('This is not a picture that we can use.')).toBeVisible();
    await dialog.locator('[name="image"]').setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: PICTURE });
    await expect(dialog.locator('.preview img').first()).toBeVisible();
    expect(await accessibility(page)).toEqual([]);
    await shot(page, 'admin-banner-form');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog).toBeHidden();
    await expect(row(page, text)).toContainText('On');
    await expect.poll(() => row(page, text).locator('img').evaluate((image) => image.complete && image.naturalWidth > 0)).toBe(true);
    await page.getByRole('button', { name: `Turn off “${text}”` }).click();
    await expect(row(page, text)).toContainText('Off');
    await page.getByRole('button', { name: `Edit “${text}”` }).click();
    await page.getByRole('dialog').locator('[name="weight"]').fill('101');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('dialog').getByText('A number from 1 to 100, please.')).toBeVisible();
    await page.getByRole('dialog').locator('[name="weight"]').fill('7');
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the picture' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await expect(row(page, text).getByRole('cell', { name: '7', exact: true })).toBeVisible();
    await expect(row(page, text).locator('img')).toHaveCount(0);
    await page.getByRole('button', { name: `Delete “${text}”` }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(row(page, text)).toHaveCount(0);
  });

  test('what runs is listed and stopped', async ({ page, context }) => {
    const other = await context.browser().newContext();
    const second = await other.newPage();
    await second.goto('/about');
    const name = await join(second);
    const answer = await call(second, 'POST', '/sandboxes', { project: PROJECT });
    expect(answer.status(), await answer.text()).toBe(201);
    const { id } = await answer.json();
    await admin(page, '/sandboxes');
    const mine = mock ? row(page, PROJECT) : row(page, name);
    await expect(mine).toContainText('running');
    await shot(page, 'admin-sandboxes');
    await mine.getByRole('button', { name: `Stop ${PROJECT} of` }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click();
    await expect(mine).toHaveCount(0);
    await expect.poll(async () => (await (await call(second, 'GET', `/sandboxes/${id}`)).json()).ended?.reason).toBe('stopped');
    await other.close();
  });

  test('lists stand in the address: search, filter, page, back', async ({ page }) => {
    await admin(page, '/audit');
    await expect(page.getByRole('row').nth(1)).toBeVisible();
    await page.getByRole('searchbox', { name: 'Action' }).fill('no.such.action');
    await expect(page.getByText('Nothing of the kind was done.')).toBeVisible();
    await page.reload();
    await expect(page.getByRole('searchbox', { name: 'Action' })).toHaveValue('no.such.action');
    await page.getByRole('navigation', { name: 'Parts of the administration' }).getByRole('link', { name: 'Projects' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
    await page.getByLabel('State').selectOption('ready');
    await expect(page).toHaveURL(/state=ready/);
    await expect(page.getByRole('cell', { name: 'Building' })).toHaveCount(0);
    await page.goBack();
    await expect(page).toHaveURL(/\/admin\/audit/);
  });

  for (const [locale, scheme] of [['en-US', 'light'], ['ko-KR', 'dark'], ['en-US', 'dark'], ['ko-KR', 'light']]) {
    test.describe(`in ${locale}, ${scheme}`, () => {
      test.use({ locale });
      test('axe finds nothing serious on any page', async ({ page }) => {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        await admin(page);
        for (const [path, title] of Object.entries(sections)) {
          await page.goto(`/admin${path}`);
          if (locale === 'en-US') await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
          await expect(page.locator('main .skeleton')).toHaveCount(0);
          expect(await accessibility(page), path).toEqual([]);
          if (locale === 'ko-KR' && scheme === 'dark') await shot(page, `admin-korean-dark${path.replace('/', '-') || '-overview'}`);
        }
      });
    });
  }

  test.describe('a small phone', () => {
    test.use({ viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2, locale: 'ko-KR' });
    test('no page needs sideways scrolling', async ({ page }) => {
      await admin(page);
      for (const path of Object.keys(sections)) {
        await page.goto(`/admin${path}`);
        await expect(page.locator('main .skeleton')).toHaveCount(0);
        expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBe(320);
        await shot(page, `phone-320-admin${path.replace('/', '-')}`);
      }
    });
  });
}
