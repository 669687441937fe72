<%@ page contentType="text/html; charset=UTF-8" import="java.util.stream.*" %>
<!doctype html>
<title>Hello from Tomcat</title>
<h1>Hello, ${empty param.name ? 'visitor' : 'friend'}</h1>
<%
  Integer visits = (Integer) application.getAttribute("visits");
  visits = visits == null ? 1 : visits + 1;
  application.setAttribute("visits", visits);
%>
<p>Visit <%= visits %>, on <%= application.getServerInfo() %> and Java <%= Runtime.version().feature() %>.</p>
<p>Squares: <%= IntStream.rangeClosed(1, 10).mapToObj(n -> "" + n * n).collect(Collectors.joining(", ")) %></p>
