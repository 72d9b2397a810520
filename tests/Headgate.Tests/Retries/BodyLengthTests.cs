using FsCheck;
using FsCheck.Fluent;
using Headgate.Retries;

namespace Headgate.Tests.Retries;

public sealed class BodyLengthTests
{
    private static HttpResponseMessage Answer(int status, string method, params string[] lengths)
    {
        var answer = new HttpResponseMessage((System.Net.HttpStatusCode)status) { Content = new StreamContent(Stream.Null), RequestMessage = new HttpRequestMessage(new HttpMethod(method), "http://a/") };
        answer.Content.Headers.TryAddWithoutValidation("Content-Length", lengths);
        return answer;
    }

    [Theory]
    [InlineData("5", 5L)]
    [InlineData("0", 0L)]
    [InlineData("005", 5L)]
    [InlineData("5|5", 5L)]
    [InlineData("5, 5", 5L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void One_length_however_often_is_a_length(string lengths, long expected) => Assert.Equal(expected, BodyLength.Announced(Answer(200, "GET", lengths.Split('|'))));

    [Theory]
    [InlineData("-1")]
    [InlineData("5|6")]
    [InlineData("5,6")]
    [InlineData("+5")]
    [InlineData("5.0")]
    [InlineData("0x5")]
    [InlineData("")]
    [InlineData("5,")]
    [InlineData("9223372036854775808")]
    [InlineData("٥")]
    public void What_is_no_length_or_two_is_no_answer(string lengths) =>
        Assert.Equal(HttpRequestError.InvalidResponse, Assert.Throws<HttpIOException>(() => BodyLength.Announced(Answer(200, "GET", lengths.Split('|')))).HttpRequestError);

    [Theory]
    [InlineData(200, "HEAD")]
    [InlineData(204, "GET")]
    [InlineData(304, "GET")]
    public void Where_no_body_comes_a_length_says_nothing(int status, string method) => Assert.Null(BodyLength.Announced(Answer(status, method, "10")));

    [Fact]
    public void Chunks_override_it()
    {
        var answer = Answer(200, "GET", "10");
        answer.Headers.TryAddWithoutValidation("Transfer-Encoding", "chunked");
        Assert.Null(BodyLength.Announced(answer));
    }

    [Fact]
    public void Whatever_the_headers_are_they_are_a_length_or_none_and_stay_as_they_came()
    {
        var value = Gen.OneOf(Gen.Choose(0, 20).Select(n => $"{n}"), Gen.Elements("-1", "", " 7 ", "7, 7", "1e3", "NaN", "٧", "7;q=1", "99999999999999999999"));
        Prop.ForAll(value.ListOf().Select(list => list.Take(3).ToArray()).ToArbitrary(), values =>
        {
            var answer = Answer(200, "GET", values);
            var before = Raw(answer);
            var parts = values.SelectMany(text => text.Split(',')).Select(part => part.Trim()).ToList();
            var isLength = parts.All(part => part.Length is > 0 and < 19 && part.All(char.IsAsciiDigit)) && parts.Select(part => part.Length > 0 && part.All(char.IsAsciiDigit) ? decimal.Parse(part, System.Globalization.CultureInfo.InvariantCulture) : -1).Distinct().Count() <= 1;
            try
            {
                var announced = BodyLength.Announced(answer);
                return isLength && (announced is null) == (values.Length == 0) && Raw(answer) == before;
            }
            catch (HttpIOException)
            {
                return !isLength && Raw(answer) == before;
            }
        }).QuickCheckThrowOnFailure();

        static string Raw(HttpResponseMessage answer) =>
            string.Join('|', answer.Content.Headers.NonValidated.TryGetValues("Content-Length", out var values) ? values : []);
    }

    [Fact]
    public void A_body_may_not_be_shorter_than_announced()
    {
        BodyLength.ThrowIfCut(null, 0);
        BodyLength.ThrowIfCut(5, 5);
        Assert.Equal(HttpRequestError.ResponseEnded, Assert.Throws<HttpIOException>(() => BodyLength.ThrowIfCut(5, 4)).HttpRequestError);
    }
}
